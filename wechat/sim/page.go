package sim

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed web
var webFiles embed.FS

// mountPage serves the page for people. Everything on it comes from here: no inline
// script or style, no other host.
func (s *Sim) mountPage(mux *http.ServeMux) {
	files, err := fs.Sub(webFiles, "web")
	if err != nil {
		panic(err) // the embedded folder is part of the program
	}
	page := http.FileServerFS(files)
	mux.Handle("GET /", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		page.ServeHTTP(w, r)
	}))
	mux.Handle("GET /qrcode", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The page shows the image the product's customers would scan.
		out := s.showQRCode(&call{r: r, query: r.URL.Query(), endpoint: "/cgi-bin/showqrcode"})
		out.write(w, r)
	}))
	mux.Handle("GET /door", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		d := s.doorByURL[r.URL.Query().Get("url")]
		s.mu.Unlock()
		if d == nil {
			http.NotFound(w, r)
			return
		}
		raw, err := picture(d.URL, 280, false)
		if err != nil {
			http.Error(w, "the picture cannot be drawn", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		w.Write(raw)
	}))
}
