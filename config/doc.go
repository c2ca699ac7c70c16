// Package config reads the typed settings of `huitou serve` from a YAML file and the environment, and reports every fault at
// once. Only cmd imports it.
//
// It owns: the names of the settings, their defaults, what is missing, out of range, a known default or dangerous together. It
// does not own what the settings mean to a service.
//
// Every setting has one name, "database.dsn". In the file it is a path of keys, in the environment HUITOU_ and the name
// in capitals with "_" for ".": HUITOU_DATABASE_DSN. The environment wins. A name that nobody knows is a fault: a
// misspelt setting must not be a silent default (threat T57).
package config
