package main

import (
	"net/http"

	"phusong/dashboards/console"
)

// mountConsole serves the console wherever nothing else is. It is there without the API
// too, and then says that there is none.
func (s *service) mountConsole(mux *http.ServeMux) error {
	origins, err := s.config.Console.origins()
	if err != nil {
		return err
	}
	pages, err := console.Handler(console.Options{TileOrigins: origins})
	if err != nil {
		return err
	}
	mux.Handle("/", pages)
	return nil
}
