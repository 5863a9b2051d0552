package table

import "fmt"

// A SchemaError says that a part's tables are missing or of another version than this library's.
type SchemaError struct {
	Store string // "postgres", "sqlite"
	Part  string
	Want  int // this library's version
	Got   int // the database's; 0: none
}

func (e *SchemaError) Error() string { return e.Text("en") }

// Text says what to do, in English ("en") or Russian ("ru").
func (e *SchemaError) Text(lang string) string {
	ru := lang == "ru"
	switch {
	case e.Got > e.Want && ru:
		return fmt.Sprintf("%s: схема %q версии %d новее, чем знает эта библиотека (%d): обновите библиотеку", e.Store, e.Part, e.Got, e.Want)
	case e.Got > e.Want:
		return fmt.Sprintf("%s: schema %q has version %d, newer than this library's %d: upgrade the library", e.Store, e.Part, e.Got, e.Want)
	case ru:
		return fmt.Sprintf("%s: схемы %q версии %d нет (есть %d): вызовите %[1]s.Apply(ctx, db, %[2]q) или примените schema/%[2]s.sql из %[1]s.Schema", e.Store, e.Part, e.Want, e.Got)
	}
	return fmt.Sprintf("%s: schema %q version %d is missing (found %d): run %[1]s.Apply(ctx, db, %[2]q), or apply schema/%[2]s.sql of %[1]s.Schema", e.Store, e.Part, e.Want, e.Got)
}

// The version of each part's tables, one row per part.
const Version = `select version from tenure_schema where part = $1`
