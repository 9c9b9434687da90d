package audit

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"lxcdeck/runtime"
)

// argsOf are an operation's Args as an object: what is zero is left out, names
// are written as elsewhere in JSON.
func argsOf(a runtime.Args) map[string]any {
	if a == nil {
		return nil
	}
	out, _ := plain(reflect.ValueOf(a)).(map[string]any)
	return out
}

// plain makes a value what encoding/json takes, with bytes that are no UTF-8 kept visible.
func plain(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case time.Duration:
		return x.Seconds()
	case time.Time:
		return x.UTC().Format(time.RFC3339)
	case runtime.RecoverWay:
		return x.String()
	case runtime.IDMap:
		return x.String()
	case runtime.Exists:
		return x.String()
	case runtime.FileOwner:
		return x.String()
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			if f := v.Field(i); v.Type().Field(i).IsExported() && !f.IsZero() {
				out[snake(v.Type().Field(i).Name)] = plain(f)
			}
		}
		return out
	case reflect.Slice:
		out := make([]any, 0, v.Len())
		for i := range v.Len() {
			out = append(out, plain(v.Index(i)))
		}
		return out
	case reflect.String:
		return text(v.String())
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Uint8, reflect.Uint64, reflect.Float64:
		return v.Interface()
	default:
		return fmt.Sprint(v.Interface())
	}
}

// snake writes KeepMAC as keep_mac.
func snake(name string) string {
	var b strings.Builder
	all := []rune(name)
	for i, r := range all {
		word := i > 0 && unicode.IsUpper(r) &&
			(unicode.IsLower(all[i-1]) || i+1 < len(all) && unicode.IsLower(all[i+1]))
		if word {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
