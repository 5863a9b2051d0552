package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tenure-go/tenure/region"
)

// madeUp has rows in the register's form. Its ranges and operators are invented.
const madeUp = `АВС/ DEF;От;До;Емкость;Оператор;Регион;Территория ГАР;ИНН
914;0000000;0149999;150000;ООО "Байкал-связь";-;Иркутская область;0
914;4300000;5299999;1000000;ООО "Даурия";-;Забайкальский край;0
914;5500000;6199999;700000;ООО "Зея";-;Амурская область;0
916;1000000;1999999;1000000;ООО "Столица";-;Город Москва, Московская область;0
395;2200000;2299999;100000;ООО "Байкал-связь";-;г. Иркутск|г.о. город Иркутск|Иркутская область;0
395;3300000;3399999;100000;ООО "Байкал-связь";-;г. Братск|г.о. город Братск|Иркутская область;0
`

// openPlan reads the plan from the files named, or makes one of the made-up rows.
func openPlan(w io.Writer, in string) (*region.Plan, error) {
	names := []string{"made-up rows"}
	contents := [][]byte{[]byte(madeUp)}
	if in != "" {
		names, contents = strings.Split(in, ","), nil
		for _, name := range names {
			b, err := readFile(name)
			if err != nil {
				return nil, err
			}
			contents = append(contents, b)
		}
	}
	if strings.HasSuffix(in, ".plan") {
		return region.OpenPlan(contents[0])
	}
	files := make([]io.Reader, len(contents))
	for i, b := range contents {
		files[i] = bytes.NewReader(b)
	}
	plan, reports, err := region.ReadRegistry(region.RegistryConfig{}, files...)
	if err != nil {
		return nil, err
	}
	for i, r := range reports {
		fmt.Fprintf(w, "%s: %d rows, %d codes, %d numbers; %d rows of several regions, %d of the whole country, %d unresolved, %d overlapping, %d bad\n",
			names[i], r.Rows, r.Codes, r.Numbers, r.SeveralPlaces, r.Nationwide, r.Unresolved, r.Overlaps, r.BadRows)
		for _, bad := range r.Bad {
			fmt.Fprintln(w, " ", bad)
		}
	}
	return plan, nil
}

// readFile reads a file, unpacked if it is gzip.
func readFile(name string) ([]byte, error) {
	b, err := os.ReadFile(name)
	if err != nil || !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b, err
	}
	zr, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if b, err = io.ReadAll(zr); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// compilePlan writes the plan as a file that a service can ship, and opens it again.
func compilePlan(w io.Writer, plan *region.Plan, name string) error {
	b, err := plan.AppendBinary(nil)
	if err != nil {
		return err
	}
	if _, err := region.OpenPlan(b); err != nil {
		return err
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s: %d bytes\n", name, len(b))
	return nil
}
