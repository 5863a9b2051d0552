// Package sim runs seeded simulations with faults over every store.
package sim
