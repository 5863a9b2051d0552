package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"
)

//go:embed static templates *.go
var files embed.FS

// Limits of one request.
const (
	maxBody = 64 << 10
	maxTime = 15 * time.Second

	// Commands wait for one another, as SQLite has one writer; who would wait too long is told so.
	maxCommands = 64
	maxWait     = 5 * time.Second
)

// policy lets the page use nothing but what this server sends, and no script or style inside of it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// A server shows a house.
type server struct {
	h    *house
	lang string // until somebody chooses
	over chan struct{}

	commands chan struct{} // those under way
	vault    treasury
}

func newServer(h *house, lang string) *server {
	return &server{h: h, lang: lang, over: make(chan struct{}), commands: make(chan struct{}, maxCommands)}
}

// A handler answers, or returns why not.
type handler func(w http.ResponseWriter, r *http.Request) error

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /{$}":                  s.chessboard,
		"GET /rows":                 s.rows,
		"GET /ask/{unit}":           s.ask,
		"GET /stay/{unit}/{id...}":  s.stay,
		"POST /hold":                s.hold,
		"POST /race":                s.race,
		"POST /stay/{unit}/{id...}": s.change,
		"GET /deals":                s.dealsPage,
		"GET /deals/{id...}":        s.deal,
		"POST /deals/{id...}":       s.command,
		"GET /cards":                s.cardsPage,
		"GET /cards/{id...}":        s.card,
		"POST /cards/{id...}":       s.rule,
		"GET /messages":             s.messages,
		"POST /messages":            s.write,
		"POST /plug":                s.plug,
		"GET /money":                s.money,
		"GET /code/{panel}":         s.code,
		"POST /clock":               s.setClock,
		"POST /as":                  s.as,
	} {
		mux.Handle(pattern, s.bounded(h))
	}
	mux.Handle("GET /events", s.said(s.stream))
	mux.Handle("/", s.bounded(func(http.ResponseWriter, *http.Request) error { return notFound }))
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // it is embedded
	}
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(static)))

	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(s.bounded(func(http.ResponseWriter, *http.Request) error { return foreign }))
	return s.guarded(origin.Handler(mux))
}

// guarded lets no answer out without its policy, no panic out as more than a 500, and nobody in by
// a name that is not the server's own.
func (s *server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "same-origin")
		defer func() {
			switch broken := recover(); broken {
			case nil:
			case http.ErrAbortHandler:
				panic(broken)
			default:
				s.refuse(w, r, fmt.Errorf("panic: %v", broken))
			}
		}()
		if !ownName(r) {
			s.refuse(w, r, &refusal{Status: http.StatusMisdirectedRequest, Code: "host", En: "the board is not known by that name", Ru: "у доски нет такого имени"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bounded limits the body and the time of a request.
func (s *server) bounded(h handler) http.Handler {
	return s.said(func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), maxTime)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err := r.ParseForm(); err != nil {
			return badForm(err)
		}
		if r.Method == http.MethodPost {
			select {
			case s.commands <- struct{}{}:
				defer func() { <-s.commands }()
			case <-time.After(maxWait):
				return busy
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return h(w, r.WithContext(ctx))
	})
}

func (s *server) said(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.refuse(w, r, err)
		}
	})
}

// ownName reports whether a request that came in by the loopback names it: a page of somewhere else
// whose name was made to lead here does not.
func ownName(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return true
	}
	at, _, err := net.SplitHostPort(local.String())
	if err != nil || !net.ParseIP(at).IsLoopback() {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// serve serves until ctx ends.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	web := &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 2 * maxTime,
		WriteTimeout: 2 * maxTime, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(l) }()
	life, stop := context.WithCancel(ctx)
	lived := make(chan struct{})
	go func() {
		defer close(lived)
		s.h.live(life)
	}()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	stop()
	close(s.over)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if web.Shutdown(end) != nil {
		_ = web.Close()
	}
	<-lived
	return err
}
