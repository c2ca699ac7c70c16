// Package ops answers those who run Huitou: is it alive, is it ready, what are its figures.
//
// It owns three addresses. Health and readiness tell nothing else and may stand on the public listener for a load balancer; metrics
// stand only on the listener of their own, which is loopback or a private network.
package ops

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Health knows whether the program should get requests.
type Health struct {
	// Checks are what readiness rests on, by name: the database, the schema.
	Checks   map[string]func(ctx context.Context) error
	draining atomic.Bool
}

// Drain makes the program not ready, so that a load balancer sends no more while it stops.
func (h *Health) Drain() { h.draining.Store(true) }

// Routes adds /healthz and /readyz.
func (h *Health) Routes(e *echo.Echo) {
	e.GET("/healthz", func(c echo.Context) error { return c.JSON(http.StatusOK, map[string]string{"status": "alive"}) })
	e.GET("/readyz", h.ready)
}

func (h *Health) ready(c echo.Context) error {
	if h.draining.Load() {
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"status": "stopping"})
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
	defer cancel()
	checks, code, status := map[string]string{}, http.StatusOK, "ready"
	for name, check := range h.Checks {
		checks[name] = "ok"
		if err := check(ctx); err != nil {
			checks[name], code, status = "failing", http.StatusServiceUnavailable, "not ready" // the reason is for the log, not for the world
		}
	}
	return c.JSON(code, map[string]any{"status": status, "checks": checks})
}

// Refusals counts what the callbacks turned away, by channel (oa, mini, pay) and reason. A rising count of forged ones is somebody
// knocking; serial or key means that our settings and WeChat's no longer agree. Beside them it counts what was kept and could not be read:
// unopenable means that the AES key in WeChat's console is not ours, and that nothing which people do has an effect.
type Refusals struct{ vec, unreadable *prometheus.CounterVec }

// NewRefusals returns counters at zero.
func NewRefusals() *Refusals {
	return &Refusals{
		vec: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "huitou_callbacks_refused_total", Help: "callbacks that were turned away, by channel and reason",
		}, []string{"channel", "reason"}),
		unreadable: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "huitou_callbacks_unreadable_total", Help: "authentic callbacks that were kept and could not be read, by channel and verdict",
		}, []string{"channel", "verdict"}),
	}
}

// Of returns the function that counts a channel's refusals.
func (r *Refusals) Of(channel string) func(reason string) {
	return func(reason string) { r.vec.WithLabelValues(channel, reason).Inc() }
}

// Unreadable returns the function that counts what a channel kept and could not read.
func (r *Refusals) Unreadable(channel string) func(verdict string) {
	return func(verdict string) { r.unreadable.WithLabelValues(channel, verdict).Inc() }
}

// Describe and Collect make the counters a prometheus.Collector.
func (r *Refusals) Describe(to chan<- *prometheus.Desc) {
	r.vec.Describe(to)
	r.unreadable.Describe(to)
}

// Collect hands the counters over.
func (r *Refusals) Collect(to chan<- prometheus.Metric) {
	r.vec.Collect(to)
	r.unreadable.Collect(to)
}

// Metrics returns the handler of /metrics over a registry of our own, with the runtime's and the process's figures in it.
func Metrics(more ...prometheus.Collector) (http.Handler, error) {
	r := prometheus.NewRegistry()
	all := append([]prometheus.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})}, more...)
	for _, c := range all {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{}), nil
}
