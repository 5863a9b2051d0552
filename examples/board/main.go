// Command board shows the library in a browser: the chessboard of a house with 60 flats, its deals,
// customers, messages and money, on one SQLite file.
//
//	go run ./examples/board
//
// The business is seeded by the library's own desks; its clock can be paused, stepped a day and run
// fast. Each panel shows the code behind it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "where to serve; others than this machine only if you say so")
	file := flag.String("db", "", "an SQLite file to keep the house in; by default it lasts as long as the program")
	seed := flag.Uint64("seed", 7, "of the business that is made up")
	lang := flag.String("lang", "en", "en or ru, until chosen in the page")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *file, *lang, *seed); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr, file, lang string, seed uint64) (err error) {
	if lang != "en" && lang != "ru" {
		return fmt.Errorf("-lang %q: en or ru", lang)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Println("opening the house; a new one takes some seconds to make up")
	h, err := openHouse(ctx, file, seed, lang)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { err = errors.Join(err, h.close()) }()
	fmt.Printf("http://%s\n", l.Addr())
	return newServer(h, lang).serve(ctx, l)
}
