// Package codec reads foreign formats into readings, one format a file. It keeps
// nothing back in silence: a row that cannot be read is an error that names file
// and line, and a value that cannot be true is left out and counted.
package codec
