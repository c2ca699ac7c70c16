package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
)

// Fault is one thing that is wrong with one setting.
type Fault struct{ Field, Reason string }

// Error is every fault of a configuration.
type Error []Fault

func (e Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d faulty settings:", len(e))
	for _, f := range e {
		fmt.Fprintf(&b, "\n  %s: %s", f.Field, f.Reason)
	}
	return b.String()
}

// Load reads the files, later ones winning, and the environment as os.Environ gives it, and checks everything. The error is an
// Error with every fault, or tells why a file cannot be read.
func Load(paths []string, environ []string) (Config, error) {
	k := koanf.New(".")
	_ = k.Load(confmap.Provider(defaults(), "."), nil) // a map literal cannot fail to load
	var faults Error
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return Config{}, fmt.Errorf("read the settings: %w", err)
		}
		file := koanf.New(".")
		if err := file.Load(rawbytes.Provider(text), yaml.Parser()); err != nil {
			return Config{}, fmt.Errorf("read the settings in %s: %w", path, err)
		}
		if err := k.Merge(file); err != nil {
			return Config{}, fmt.Errorf("read the settings in %s: %w", path, err)
		}
	}
	env, unknown := fromEnvironment(environ)
	faults = append(faults, unknown...)
	_ = k.Load(confmap.Provider(env, "."), nil)

	var c Config
	var meta mapstructure.Metadata
	err := k.UnmarshalWithConf("", &c, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		Result: &c, Metadata: &meta, TagName: "koanf", WeaklyTypedInput: true,
		DecodeHook: mapstructure.StringToSliceHookFunc(","),
	}})
	faults = append(faults, decodeFaults(err)...)
	slices.Sort(meta.Unused)
	for _, name := range meta.Unused {
		faults = append(faults, Fault{name, "there is no such setting"})
	}
	faults = append(faults, c.faults()...)
	if len(faults) > 0 {
		return Config{}, faults
	}
	return c, nil
}

// decodeFaults names the settings whose values are of another type. Values are not shown: they may be secrets.
func decodeFaults(err error) (out []Fault) {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			out = append(out, decodeFaults(e)...)
		}
		return out
	}
	var one *mapstructure.DecodeError
	if errors.As(err, &one) {
		return []Fault{{strings.TrimPrefix(one.Name(), "."), "has a value of another type than is wanted"}}
	}
	if inner := errors.Unwrap(err); inner != nil {
		return decodeFaults(inner)
	}
	return []Fault{{"settings", "have a value of another type than is wanted"}}
}

// fromEnvironment picks the settings that HUITOU_… variables name. Lists of structs (ingest.keys, templates) come from
// the file only.
func fromEnvironment(environ []string) (settings map[string]any, unknown []Fault) {
	names := map[string]string{}
	for _, name := range settingNames(reflect.TypeFor[Config](), "") {
		names["HUITOU_"+strings.ToUpper(strings.ReplaceAll(name, ".", "_"))] = name
	}
	settings = map[string]any{}
	for _, line := range slices.Sorted(slices.Values(environ)) {
		variable, value, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(variable, "HUITOU_") {
			continue
		}
		if name, known := names[variable]; known {
			settings[name] = value
		} else {
			unknown = append(unknown, Fault{variable, "there is no such setting"})
		}
	}
	return settings, unknown
}

// settingNames lists the dotted names of all settings that one value can hold.
func settingNames(t reflect.Type, prefix string) []string {
	var out []string
	for f := range fields(t) {
		name := prefix + f.Tag.Get("koanf")
		switch {
		case f.Type.Kind() == reflect.Struct:
			out = append(out, settingNames(f.Type, name+".")...)
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
		default:
			out = append(out, name)
		}
	}
	return out
}

func fields(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// Digest lists all settings with secrets hidden, for the log of a start.
func (c Config) Digest() []any {
	flat := map[string]any{}
	flatten(reflect.ValueOf(c), "", flat)
	out := make([]any, 0, 2*len(flat))
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		out = append(out, name, flat[name])
	}
	return out
}

func flatten(v reflect.Value, prefix string, into map[string]any) {
	for i := range v.NumField() {
		name := prefix + v.Type().Field(i).Tag.Get("koanf")
		switch f := v.Field(i); {
		case f.Kind() == reflect.Struct:
			flatten(f, name+".", into)
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
			into[name] = f.Len() // the number is enough; entries hold secrets
		default:
			into[name] = f.Interface()
		}
	}
}
