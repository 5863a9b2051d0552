// Package examples holds one program for each real business, each runnable as it stands.
package examples
