package tiers

import (
	"context"
	"fmt"
	"time"

	"huitou/model"
	"huitou/model/db"
)

// Suggest asks for thresholds that part the shop's own members into shares.
type Suggest struct {
	// Shares are what ParseShares returns, the lowest level first.
	Shares []int64
	// Metric and Period are those of the scheme when they are empty, and without a scheme money and the last 12 months.
	Metric model.TierMetric
	Period model.TierPeriod
}

// Suggestion is thresholds, and who would move if they were the ladder.
type Suggestion struct {
	Metric  model.TierMetric `json:"metric"`
	Period  model.TierPeriod `json:"period"`
	From    model.Day        `json:"from"` // first day of the window
	AsOf    time.Time        `json:"as_of"`
	Members int64            `json:"members"`
	Levels  []Suggested      `json:"levels"` // the lowest first
	// Moves are how many members would go from a level of today to which suggested one, those who stay among them.
	Moves []Flow `json:"moves"`
}

// Suggested is one level of a suggestion.
type Suggested struct {
	Rank      int    `json:"rank"`
	Threshold int64  `json:"threshold"` // fen or points
	Asked     string `json:"asked_percent"`
	Share     string `json:"share_percent"` // as it comes out, four decimals at most, rounded down
	Members   int64  `json:"members"`
}

// Flow is members who go from one level to another. FromRank is 0 where there are no levels today.
type Flow struct {
	FromRank int    `json:"from_rank"`
	From     string `json:"from"`
	ToRank   int    `json:"to_rank"`
	Members  int64  `json:"members"`
}

// Suggest computes thresholds from every member's metric. It writes nothing. It returns ErrShares.
func (s *Service) Suggest(ctx context.Context, in Suggest) (out Suggestion, err error) {
	sum := int64(0)
	for _, share := range in.Shares {
		if share < 1 {
			return out, ErrShares
		}
		sum += share
	}
	if sum != shareUnit || len(in.Shares) > maxLevels {
		return out, ErrShares
	}
	err = s.DB.Snapshot(ctx, func(ctx context.Context, tx *db.Tx) error {
		out, err = s.suggest(ctx, tx, in)
		return err
	})
	return out, err
}

func (s *Service) suggest(ctx context.Context, tx *db.Tx, in Suggest) (out Suggestion, err error) {
	r, err := readRules(tx)
	if err != nil {
		return out, err
	}
	out = Suggestion{Metric: model.TierByMoney, Period: model.TierRolling, AsOf: tx.Now}
	if r.scheme.ID != 0 {
		out.Metric, out.Period = r.scheme.Metric, r.scheme.Period
	}
	if in.Metric != "" {
		out.Metric = in.Metric
	}
	if in.Period != "" {
		out.Period = in.Period
	}
	out.From = windowStart(out.Period, dayOf(tx.Now))
	metrics, levels, err := s.everybody(ctx, tx, r.ladder, out.Metric, out.From)
	if err != nil {
		return out, err
	}
	out.Members = int64(len(metrics))
	suggested := make(ladder, len(in.Shares))
	for i, threshold := range thresholds(metrics, in.Shares) {
		suggested[i].Threshold = threshold
	}
	flows := make([][]int64, max(len(r.ladder), 1))
	for i := range flows {
		flows[i] = make([]int64, len(suggested))
	}
	for i, n := range metrics {
		flows[levels[i]][suggested.supported(n)]++
	}
	out.describe(in.Shares, suggested, r.ladder, flows)
	return out, nil
}

func (out *Suggestion) describe(shares []int64, suggested, today ladder, flows [][]int64) {
	for k, l := range suggested {
		v := Suggested{Rank: k + 1, Threshold: l.Threshold, Asked: percent(shares[k]), Share: "0"}
		for from := range flows {
			v.Members += flows[from][k]
		}
		if out.Members > 0 {
			v.Share = percent(v.Members * shareUnit / out.Members)
		}
		out.Levels = append(out.Levels, v)
	}
	out.Moves = []Flow{}
	for from := range flows {
		for to, n := range flows[from] {
			if n == 0 {
				continue
			}
			f := Flow{ToRank: to + 1, Members: n}
			if len(today) > 0 {
				f.FromRank, f.From = from+1, today[from].Name
			}
			out.Moves = append(out.Moves, f)
		}
	}
}

// everybody returns each member's metric and the place of his level, step by step, so that a large shop needs two numbers per
// member and no more.
func (s *Service) everybody(ctx context.Context, tx *db.Tx, l ladder, metric model.TierMetric, since model.Day) (metrics []int64, levels []uint8, err error) {
	for after := model.MemberID(0); ; {
		ids, err := s.Members.IDsAfterTx(ctx, tx, after, 1000)
		if err != nil || len(ids) == 0 {
			return metrics, levels, err
		}
		after = ids[len(ids)-1]
		sums, err := s.sum(ctx, tx, metric, ids, since)
		if err != nil {
			return nil, nil, err
		}
		at, err := tiersIn(tx, ids)
		if err != nil {
			return nil, nil, fmt.Errorf("read the levels of members up to %d: %w", after, err)
		}
		for _, m := range ids {
			metrics = append(metrics, sums[m])
			levels = append(levels, uint8(max(l.place(at[m]), 0)))
		}
	}
}
