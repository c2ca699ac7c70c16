package sim

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"slices"
)

// ctlBill shows what a day's bill says or will say.
func (s *Sim) ctlBill(r *http.Request) (any, error) {
	day := r.PathValue("day")
	from, err := chinaDay(day)
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, "day_invalid", "日期须为 2026-01-02"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := s.billLines(from)
	if lines == nil {
		lines = []billLine{}
	}
	changes := s.billChanges[day]
	if changes == nil {
		changes = []billChange{}
	}
	return map[string]any{
		"day": day, "ready": !s.now().Before(from.AddDate(0, 0, 1).Add(billReady)), "lines": lines, "changes": changes,
	}, nil
}

// ctlChangeBill spoils the bill of a day.
func (s *Sim) ctlChangeBill(r *http.Request) (any, error) {
	var in billChange
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	if _, err := chinaDay(r.PathValue("day")); err != nil {
		return nil, &refusal{http.StatusBadRequest, "day_invalid", "日期须为 2026-01-02"}
	}
	switch {
	case !slices.Contains([]string{"drop", "amount", "status", "foreign"}, in.Act) || in.Number == "":
		return nil, &refusal{http.StatusBadRequest, "change_invalid", "act 须为 drop、amount、status 或 foreign，并给出 number"}
	case (in.Act == "amount" || in.Act == "foreign") && in.Fen < 1:
		return nil, &refusal{http.StatusBadRequest, "change_invalid", "fen 须大于 0"}
	case in.Act == "status" && !slices.Contains([]string{"SUCCESS", "PROCESSING", "FAIL"}, in.Status):
		return nil, &refusal{http.StatusBadRequest, "change_invalid", "status 须为 SUCCESS、PROCESSING 或 FAIL"}
	}
	s.mu.Lock()
	s.billChanges[r.PathValue("day")] = append(s.billChanges[r.PathValue("day")], in)
	s.mu.Unlock()
	return s.ctlBill(r)
}

// ctlRestoreBill takes the changes of a day's bill back.
func (s *Sim) ctlRestoreBill(r *http.Request) (any, error) {
	s.mu.Lock()
	delete(s.billChanges, r.PathValue("day"))
	s.mu.Unlock()
	return s.ctlBill(r)
}

// ctlRotateCertificate replaces the platform certificate; notices signed by certificate use the new one at once.
func (s *Sim) ctlRotateCertificate(*http.Request) (any, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.acc.useCertificate(key, s.now()); err != nil {
		return nil, err
	}
	if s.cfg.StateDir != "" {
		if err := s.acc.save(s.cfg.StateDir); err != nil {
			return nil, err
		}
	}
	return map[string]any{"certificate_serial": s.acc.Platform.CertificateSerial, "retired": len(s.acc.Retired)}, nil
}
