package storetest

import "reflect"

// spoil overwrites all that its owner may overwrite: what is reached from the pointer p through
// exported fields, elements and maps, also what an append would overwrite.
func spoil(p any) { spoiler{}.value(reflect.ValueOf(p)) }

// A spoiler knows the places where it has been.
type spoiler map[place]bool

type place struct {
	at uintptr
	of reflect.Type
}

func (s spoiler) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !opaque(v.Type().Elem()) && s.enter(v) {
			s.value(v.Elem())
		}
	case reflect.Interface:
		if !v.IsNil() {
			s.value(v.Elem())
		}
	case reflect.Struct:
		if opaque(v.Type()) {
			zero(v)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.value(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.IsNil() || !s.enter(v) {
			return
		}
		for i, all := 0, v.Slice(0, v.Cap()); i < all.Len(); i++ {
			s.value(all.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			s.value(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() || !s.enter(v) {
			return
		}
		for it := v.MapRange(); it.Next(); {
			s.value(it.Value())
		}
		v.Clear()
	case reflect.String:
		if v.CanSet() {
			v.SetString("spoiled")
		}
	default:
		zero(v)
	}
}

// enter says whether v refers to a place not seen before.
func (s spoiler) enter(v reflect.Value) bool {
	p := place{v.Pointer(), v.Type()}
	seen := s[p]
	s[p] = true
	return !seen
}

func zero(v reflect.Value) {
	if v.CanSet() {
		v.SetZero()
	}
}

// opaque says whether a type's values have no part that its user could overwrite: a time, a
// decimal number. Such a value is replaced where it lies, and left alone behind a pointer, as
// others share it.
func opaque(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if t.Field(i).IsExported() {
			return false
		}
	}
	return true
}
