package db_test

import (
	"testing"

	"huitou/model/db"
)

func TestSupportedVersions(t *testing.T) {
	for version, want := range map[string]bool{
		"8.0.16": true, "8.0.15": false, "8.4.2": true, "9.1.0": true, "5.7.44-log": false,
		"10.11.19-MariaDB-0+deb12u1": true, "10.5.28-MariaDB": false, "11.8.2-MariaDB": true, "5.5.5-10.6.0-MariaDB": true,
		"8.0.11-TiDB-v8.5.1": true, "8.0.11-TiDB-v7.5.0": false, "": false,
	} {
		if err := db.Supported(version); (err == nil) != want {
			t.Errorf("supported(%q) = %v, want ok = %v", version, err, want)
		}
	}
}
