package check

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/timestamp"

	"itnio_exporter/collector/families"
	"itnio_exporter/config"
	"itnio_exporter/simulator"
)

// night reports whether the pictures are of a fraud night (SCENE=night) and not of the staged incident.
func night() bool { return os.Getenv("SCENE") == "night" }

// incidentEnd is where the pictures end: with the staged incident in the last half hour, or at the end of a fraud night of four hours. It is on
// the eighth day: a week that it is compared with, and the day itself.
func incidentEnd() time.Time {
	if night() {
		return at(7, 5)
	}
	return at(7, 14).Add(30 * time.Minute)
}

func scenarios() []simulator.Scenario {
	if night() {
		return []simulator.Scenario{{Kind: simulator.FraudNight, From: at(7, 1), To: at(7, 5), Country: "CU"}}
	}
	return simulator.StagedIncident(incidentEnd().Add(-30 * time.Minute))
}

// TestPictures writes the data that the pictures in the docs are taken of: PICTURES is the folder, CALLS the calls a day (24000), SCENE=night
// another incident. It takes minutes of CPU, so it has to be asked for.
func TestPictures(t *testing.T) {
	dir := os.Getenv("PICTURES")
	if dir == "" {
		t.Skip("PICTURES is not set")
	}
	db, engine := openTSDB(t)
	groups, e, calls := load(t, db, engine), picturePage(t), callsByMinute(callsPerDay(t))
	for m := firstDay().Unix()/60 + 1; m <= incidentEnd().Unix()/60; m++ {
		now := timestamp.Time(m * 60_000)
		if !shown(now) && m%30 != 0 && m%30 < 25 {
			for i := range calls[m] {
				e.add(&calls[m][i])
			}
			continue
		}
		e.step(t, db, now, calls[m])
		for _, g := range groups {
			if now.Unix()%evaluated(g.Name(), g.Interval(), now) == 0 {
				g.Eval(context.Background(), now)
			}
		}
		if m%60 == 0 && shown(now) {
			t.Log(now.In(local()))
		}
	}
	if err := db.Snapshot(dir, true); err != nil {
		t.Error(err)
	}
}

// callsPerDay is CALLS, or 24000.
func callsPerDay(t *testing.T) float64 {
	t.Helper()
	text := cmp.Or(os.Getenv("CALLS"), "24000")
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("CALLS: %v", err)
	}
	return n
}

// picturePage is an exporter that is never down, with all bounds of its histograms.
func picturePage(t *testing.T) *page {
	t.Helper()
	valid, err := config.Default(config.AccountConfig{Name: "main", APIKey: "k", APISecret: "s"}).Validate()
	if err != nil {
		t.Fatal(err)
	}
	e := newPage()
	e.down, e.model = incident{}, families.New(valid.Metrics())
	return e
}

// shown reports whether a picture may show this time: the hours before the incident, and the same hours two and seven days before, which they
// are compared with. Of the rest of the week five minutes of each half hour will do.
func shown(now time.Time) bool {
	const day = 24 * time.Hour
	for _, days := range []time.Duration{0, 2, 7} {
		if ago := incidentEnd().Sub(now) - days*day; ago >= 0 && ago <= 8*time.Hour {
			return true
		}
	}
	return false
}

// evaluated is how often a group of rules is evaluated, in seconds: in the last two hours as often as it says, before that as seldom as will do.
func evaluated(group string, interval time.Duration, now time.Time) int64 {
	switch {
	case incidentEnd().Sub(now) <= 2*time.Hour:
		return int64(interval.Seconds())
	case shown(now) && (group == "itnio_kpi" || group == "itnio_fraud"), incidentEnd().Sub(now) <= 8*time.Hour:
		return 300
	}
	return 1800
}

// callsByMinute are the calls of the week and the incident's day, by the minute in which they are counted.
func callsByMinute(perDay float64) map[int64][]simulator.Call {
	countries := slices.DeleteFunc(simulator.DefaultCountries(), func(c simulator.Country) bool { return c.Weight < 1.2 && c.Code != "CU" })
	o := simulator.Options{
		Seed: 7, Now: incidentEnd, Countries: countries, Start: firstDay().Add(-6 * time.Hour), CallsPerDay: perDay, Rhythm: 0.8, TalkSigma: 0.8, LateShare: 0.001,
		Groups: simulator.DefaultGroups()[:5], Accounts: []simulator.Account{{Name: "main", Key: "k", Secret: "s", Scale: 1}},
		Scenarios: scenarios(),
	}
	byMinute := map[int64][]simulator.Call{}
	for c := range simulator.New(o).Calls() {
		if m := c.VisibleAt.Unix()/60 + 1; !c.Ended().Before(firstDay()) && !c.VisibleAt.After(incidentEnd()) {
			byMinute[m] = append(byMinute[m], c)
		}
	}
	return byMinute
}
