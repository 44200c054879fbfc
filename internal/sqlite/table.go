package sqlite

import (
	"fmt"
	"strings"

	"phusong/telemetry"
)

// schemaVersion counts changes that an older phusong could not live with. A new
// field is none: it is a new column, added when the file is opened.
const schemaVersion = 1

// applicationID marks the file as ours: "phus" in ASCII.
const applicationID = 0x70687573

// A column is one stored part of a reading.
type column struct {
	name string
	sql  string // type and constraint
	// get returns int64, float64, string or nil; set takes what get returned.
	get func(*telemetry.Reading) (any, error)
	set func(*telemetry.Reading, any) error
}

// A table is how the readings of one kind are stored. Nothing in it changes.
type table struct {
	kind    telemetry.Kind
	name    string // of the table; that of the index is name_by_device
	columns []column
	names   string // all columns, quoted and joined, in order
}

func newTable(k telemetry.Kind) *table {
	t := &table{kind: k, name: k.String(), columns: commonColumns(k)}
	fields := telemetry.Fields(k)
	for i := range fields {
		t.columns = append(t.columns, fieldColumn(&fields[i]))
	}
	quoted := make([]string, len(t.columns))
	for i, c := range t.columns {
		quoted[i] = quote(c.name)
	}
	t.names = strings.Join(quoted, ", ")
	return t
}

// keyColumns is how many columns, the first, are the primary key.
const keyColumns = 3

// create returns the statements that make the tables of a new file.
func (t *table) create() []string {
	var columns []string
	for _, c := range t.columns {
		columns = append(columns, quote(c.name)+" "+c.sql)
	}
	return []string{
		fmt.Sprintf(`CREATE TABLE %s (%s, PRIMARY KEY ("time", "device", "seq")) STRICT, WITHOUT ROWID`,
			quote(t.name), strings.Join(columns, ", ")),
		fmt.Sprintf(`CREATE TABLE %s ("device" TEXT NOT NULL, "time" INTEGER NOT NULL, "seq" INTEGER NOT NULL,
			PRIMARY KEY ("device", "time", "seq")) STRICT, WITHOUT ROWID`, quote(t.index())),
		// A view, because even a virtual column is computed for every row that is written.
		fmt.Sprintf(`CREATE VIEW %s AS SELECT strftime('%%Y-%%m-%%d %%H:%%M:%%f', "time" / 1000.0, 'unixepoch') AS "at", * FROM %s`,
			quote(t.name+"_readable"), quote(t.name)),
		fmt.Sprintf(`INSERT INTO "indexed" VALUES ('%s', 0)`, t.name),
	}
}

// index returns the name of the index by device, which is a table.
func (t *table) index() string { return t.name + "_by_device" }

// insert returns the statement that adds rows readings unless they are there.
func (t *table) insert(rows int) string {
	return fmt.Sprintf(`INSERT INTO %s (%s) VALUES %s ON CONFLICT DO NOTHING`,
		quote(t.name), t.names, values(rows, len(t.columns)))
}

// insertIndex returns the same for the index by device.
func (t *table) insertIndex(rows int) string {
	return fmt.Sprintf(`INSERT INTO %s ("time", "device", "seq") VALUES %s ON CONFLICT DO NOTHING`,
		quote(t.index()), values(rows, keyColumns))
}

// values returns rows times a tuple of question marks.
func values(rows, columns int) string {
	tuple := "(" + strings.TrimSuffix(strings.Repeat("?,", columns), ",") + ")"
	return strings.TrimSuffix(strings.Repeat(tuple+",", rows), ",")
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
