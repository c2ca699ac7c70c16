package demoshop

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"huitou/model"
)

// Generate invents a shop.
func Generate(o Options) Shop {
	if o.Members == 0 {
		o.Members = 500
	}
	if o.Months == 0 {
		o.Months = 18
	}
	today := model.DayOf(o.Now, model.Shanghai)
	g := &generator{
		// A draw more in one part must not change the others, so each part has a stream of its own.
		people: rand.New(rand.NewPCG(o.Seed, 1)),
		visits: rand.New(rand.NewPCG(o.Seed, 2)),
		basket: rand.New(rand.NewPCG(o.Seed, 3)),
		cal:    newCalendar(today.AddMonths(-o.Months, today.DayOfMonth()), today),
		now:    o.Now.UTC(),
	}
	s := Shop{Name: "山野茶铺", Coupons: slices.Clone(coupons), Gifts: slices.Clone(gifts), Plans: slices.Clone(plans)}
	for _, x := range goods {
		s.Goods = append(s.Goods, x.Good)
	}
	s.Members = g.members(o.Members)
	s.Orders = g.orders(s.Members)
	return s
}

type generator struct {
	people, visits, basket *rand.Rand
	cal                    *calendar
	now                    time.Time
}

// members joins more people on busy days and as the shop grows: at the end it wins one and a half times as many as at first.
func (g *generator) members(n int) []Member {
	joined := make([]time.Time, 0, n)
	for len(joined) < n {
		day, ok := g.cal.at(g.people.Float64() * g.cal.total())
		if !ok || g.people.Float64()*1.5 > 1+0.5*float64(day)/float64(g.cal.days()) {
			continue
		}
		if t := g.instant(g.people, day); t.Before(g.now) {
			joined = append(joined, t)
		}
	}
	slices.SortFunc(joined, time.Time.Compare)
	numbers := phones(g.people, n)
	out := make([]Member, n)
	for i := range out {
		out[i] = Member{
			Number:  fmt.Sprintf("M%05d", i+1),
			Name:    inventName(g.people),
			Phone:   numbers[i],
			Joined:  joined[i],
			Follows: g.people.Float64() < 0.46,
		}
	}
	return out
}

func (g *generator) instant(r *rand.Rand, day int) time.Time {
	return g.cal.day(day).Start(model.Shanghai).Add(timeOfDay(r))
}

// BG/NBD with the day as unit of time; see the package comment.
const (
	rateShape = 1.4   // r: the smaller, the more unequal people are
	rateScale = 120.0 // alpha, days: r/alpha is the mean rate of a living customer
	lossA     = 2.1   // a, b: mean probability to be lost after a purchase is a/(a+b)
	lossB     = 2.6
	onJoining = 0.94 // share of members who join by buying; the others look around first
)

func (g *generator) orders(members []Member) []Order {
	var out []Order
	for m, who := range members {
		taste := g.taste()
		for _, t := range g.purchases(who.Joined) {
			out = append(out, g.order(m, t, taste))
		}
	}
	slices.SortStableFunc(out, func(a, b Order) int {
		return cmp.Or(a.PaidAt.Compare(b.PaidAt), cmp.Compare(a.Member, b.Member))
	})
	day, n := "", 0
	for i := range out {
		d := out[i].PaidAt.In(model.Shanghai).Format("20060102")
		if d != day {
			day, n = d, 0
		}
		n++
		out[i].Number = fmt.Sprintf("SY%s%04d", d, n)
	}
	return out
}

// purchases returns the instants at which one member buys, ascending.
func (g *generator) purchases(joined time.Time) []time.Time {
	r := g.visits
	rate := gamma(r, rateShape) / rateScale
	a, b := gamma(r, lossA), gamma(r, lossB)
	loss := a / (a + b)

	start := model.DayOf(joined, model.Shanghai).Sub(g.cal.first)
	busy := g.cal.until[start] + r.Float64()*(g.cal.until[start+1]-g.cal.until[start])
	var out []time.Time
	if r.Float64() < onJoining {
		out = append(out, joined)
	} else {
		rate /= 2
	}
	for len(out) == 0 || r.Float64() >= loss {
		busy += r.ExpFloat64() / rate
		day, ok := g.cal.at(busy)
		if !ok {
			break
		}
		t := g.instant(r, day)
		if t.After(g.now) {
			break
		}
		if !t.After(joined) { // an hour of the joining day that was over already
			t = joined.Add(time.Duration(1+r.IntN(1200)) * time.Second)
			if t.After(g.now) {
				break
			}
		}
		out = append(out, t)
	}
	slices.SortFunc(out, time.Time.Compare) // two purchases on one day were drawn in any order
	return out
}

// taste is the category that a member likes best.
func (g *generator) taste() string {
	return goods[pick(g.basket, len(goods), func(i int) float64 { return goods[i].liking })].Category
}

// order fills a basket up to an amount that is lognormally distributed.
func (g *generator) order(member int, at time.Time, taste string) Order {
	r := g.basket
	target := model.Fen(math.Exp(math.Log(9200) + 0.6*r.NormFloat64()))
	o := Order{Member: member, PaidAt: at}
	in := map[int]int{} // good -> its line
	for tries := 0; tries < 12 && len(o.Lines) < 6 && o.GoodsFen < target*8/10; tries++ {
		i := pick(r, len(goods), func(i int) float64 { return appeal(goods[i], taste, at) })
		price := goods[i].PriceFen
		// Nobody with 50 yuan in mind buys a 400-yuan pot; the first good may go over by a half.
		if left := target - o.GoodsFen; price > left+left/2 {
			continue
		}
		line, again := in[i]
		if !again {
			line = len(o.Lines)
			in[i] = line
			o.Lines = append(o.Lines, Line{Good: i, PriceFen: price})
		}
		o.Lines[line].Quantity++
		o.GoodsFen += price
	}
	if len(o.Lines) == 0 { // too little in mind for what was looked at
		price := goods[cheapest].PriceFen
		o.Lines, o.GoodsFen = []Line{{Good: cheapest, Quantity: 1, PriceFen: price}}, price
	}
	if o.GoodsFen < freightFree {
		o.FreightFen = freight
	}
	o.DiscountFen = discount(r, o.GoodsFen, at)
	o.PaidFen = o.GoodsFen + o.FreightFen - o.DiscountFen
	return o
}

// cheapest is the index of the cheapest good.
var cheapest = slices.Index(goods, slices.MinFunc(goods, func(a, b good) int { return cmp.Compare(a.PriceFen, b.PriceFen) }))

// appeal is the weight of a good for a member on a day: gift boxes sell in their season.
func appeal(x good, taste string, at time.Time) float64 {
	w := x.liking
	if x.Category == taste {
		w *= 4
	}
	d := model.DayOf(at, model.Shanghai)
	near := func(feasts []model.Day) bool {
		return slices.ContainsFunc(feasts, func(f model.Day) bool { n := d.Sub(f); return n >= -24 && n < 0 })
	}
	switch x.SKU {
	case "GFT-ZQ-1":
		if !near(midAutumns) {
			return 0
		}
		w *= 6
	case "GFT-NH-1":
		if !near(springFestivals) {
			return 0
		}
		w *= 6
	}
	return w
}

// discount is what the shop's own promotions take off: on the two great days for everybody, else for a few.
func discount(r *rand.Rand, goodsFen model.Fen, at time.Time) model.Fen {
	local := at.In(model.Shanghai)
	great := (local.Month() == time.November && local.Day() == 11) || (local.Month() == time.June && local.Day() == 18)
	switch {
	case great && goodsFen >= 20_000:
		return 3000
	case great && goodsFen >= 9_900:
		return 1200
	case goodsFen >= 12_800 && r.Float64() < 0.2:
		return 2000
	}
	return 0
}

// gamma draws from a gamma distribution with scale 1 (Marsaglia and Tsang 2000; below shape 1 with their boost).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(1-r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
