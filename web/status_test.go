package web

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"itnio_exporter/collector"
	"itnio_exporter/collector/account"
	"itnio_exporter/collector/call"
	"itnio_exporter/collector/ledger"
	"itnio_exporter/itnio"
)

var testNow = time.Date(2026, 3, 1, 13, 30, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

// healthyAccount is in step, with calls in two hours.
func healthyAccount(name string) collector.AccountStatus {
	up := true
	hours := make([]account.Hour, 24)
	for i := range hours {
		hours[i].Start = testNow.Truncate(time.Hour).Add(time.Duration(i-23) * time.Hour)
	}
	hours[22].Calls = account.Outcomes{"answered": 1200, "busy": 34}
	hours[23].Calls = account.Outcomes{"answered": 3, "no_answer": 1, "busy": 2}
	return collector.AccountStatus{
		Status:    account.Status{Name: name, Up: &up, LastSuccess: testNow.Add(-20 * time.Second), CompleteUntil: testNow.Add(-42 * time.Second)},
		RateLimit: 5, Epoch: testNow.Add(-1000 * time.Hour), InitialDone: true,
		Recent: account.Recent{
			Since: testNow.Add(-2 * time.Hour), RequestsMinute: 12, RequestsDay: 34567, LastHour: account.Outcomes{"answered": 1000, "no_answer": 1, "busy": 20},
			Hours: hours, Lateness: account.Lateness{Records: 5, P50: 20 * time.Second, P99: 3 * time.Minute},
			Anomalies: map[call.Anomaly]int{call.AnomalyNoKeyID: 7},
		},
	}
}

// habits of a server that imposes its page size.
func testHabits() []itnio.Habit {
	return (&itnio.Habits{Totals: itnio.TotalsExact, PageSize: 15, PastEnd: itnio.PastEndEmpty}).Known()
}

func failingAccount(name, text string, trouble account.Trouble) collector.AccountStatus {
	s, down := healthyAccount(name), false
	s.Up, s.LastError, s.Trouble, s.FailingSince = &down, text, trouble, testNow.Add(-3*time.Hour)
	return s
}

func testAbout() collector.About {
	return collector.About{
		Started:       testNow.Add(-26 * time.Hour),
		Ledger:        ledger.Stats{Path: "/var/lib/itnio_exporter/ledger.db", SizeBytes: 12_345_678, Created: testNow.Add(-2000 * time.Hour), Series: 4321, Held: 2},
		Scrapers:      []collector.Scraper{{Host: "192.0.2.7", Last: testNow.Add(-5 * time.Second), Interval: 30 * time.Second}, {Host: "::1", Last: testNow}},
		Configuration: "global:\n    poll_mode: interval\n",
	}
}

// askAs asks for a path with an Accept header.
func askAs(h http.Handler, path, accept string) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept", accept)
	h.ServeHTTP(w, r)
	return w
}

func TestStatusPage(t *testing.T) {
	o := options(t, "http://mon.example/itnio", "/", "/metrics")
	first := healthyAccount("first")
	first.InitialDone, first.CatchUp, first.CaughtUp, first.Estimate, first.OpenWindows, first.Concealed = false, 90*time.Minute, 0.5, 40*time.Minute, 3, true
	first.Clock = "an answer is dated <i>"
	first.Habits = testHabits()
	o.Exporter = fixedExporter{reason: "account third has not been read yet", about: testAbout(), accounts: []collector.AccountStatus{
		healthyAccount("calm"), first, failingAccount("down", "authentication refused", account.TroubleAuthentication), {Status: account.Status{Name: "third"}},
	}}
	answer := ask(NewHandler(o), http.MethodGet, "/")
	page := answer.Body.String()
	for _, want := range []string{
		"(version=1.2.3)", "account third has not been read yet", "1 failing", "1 first fill", "1 starting", "1 in step",
		"2026-03-01 13:29:18 UTC", "complete until 42 s ago", "1\u202f021 calls in the last hour", "1\u202f240 calls in the 24 hours shown", "12 in the last minute (limit 300), 34\u202f567 in 24 h", "50 % caught up",
		"last hour: half within 20 s, 99 % within 3 m", `value="50"`, "1 h 30 m of the past left, about 40 m more", "an answer is dated &lt;i&gt;", "ledger is a backup",
		"Since 2026-03-01 10:30:00 UTC, 3 h ago", "allow-list", `href="https://example.org/itnio_exporter/docs/alerts.md#itnioapiauthenticationrefused"`,
		`href="https://example.org/itnio_exporter/docs/metrics.md#anomalies">no_key_id</a> 7`, "at most 1\u202f234", "14:00", "13:00 UTC",
		"1 d 2 h ago", "/var/lib/itnio_exporter/ledger.db", "12 MB", "4\u202f321, of them 2 at 0", "192.0.2.7", "every 30 s, last 5 s ago", "poll_mode: interval", "12:30:00 UTC, 1 h ago",
		`<li><bdi>pages have 15 records where 100 were asked for</bdi> <a href="https://example.org/itnio_exporter/docs/doctor.md#habit-page-size">habit-page-size</a></li>`,
		`href="/itnio/metrics"`, `href="/itnio/-/ready"`, `href="/itnio/?refresh=off"`, "Refreshes every 30 s",
	} {
		require.Contains(t, page, want)
	}
	require.Equal(t, 1, strings.Count(page, "What is known of the server"), "of one account only")
	require.Less(t, strings.Index(page, ">down<"), strings.Index(page, ">third<"), "what needs somebody comes first")
	require.Less(t, strings.Index(page, ">first<"), strings.Index(page, ">calm<"))
	require.NotContains(t, page, "debug/pprof")
	require.Equal(t, "30", answer.Header().Get("Refresh"))
	require.Equal(t, "text/html; charset=UTF-8", answer.Header().Get("Content-Type"))

	o.Pprof = true
	o.Last = func() LastReload { return LastReload{testNow, errors.New("config.yml:3: unknown key <x>")} }
	o.Exporter = fixedExporter{}
	answer = ask(NewHandler(o), http.MethodGet, "/?refresh=off")
	page = answer.Body.String()
	require.Contains(t, page, `href="/itnio/debug/pprof/profile?seconds=60"`)
	require.Contains(t, page, "Ready.")
	require.Contains(t, page, "refused, the one before is in force: <bdi>config.yml:3: unknown key &lt;x&gt;</bdi>")
	require.Empty(t, answer.Header().Get("Refresh"))
}

// TestStatusPageIsSafe: nothing that an API or a configuration says becomes markup, an attribute or a link, and the policy forbids scripts.
func TestStatusPageIsSafe(t *testing.T) {
	for _, hostile := range []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "' onmouseover='alert(1)", "</pre></details></title></style><script>x</script>", "{{.Version}}", "javascript:alert(1)",
		"\u202eright to left\u2066", "&lt;b&gt;", "<!--",
	} {
		o := options(t, "", "", "/metrics")
		about := testAbout()
		about.Ledger.Path, about.Configuration = hostile, hostile
		about.Scrapers[0].Host = hostile
		bad := failingAccount(hostile, hostile, account.TroubleUnknown)
		bad.Clock = hostile
		bad.Recent.LastHour = account.Outcomes{hostile: 1}
		bad.Recent.Anomalies = map[call.Anomaly]int{call.Anomaly(hostile): 1}
		bad.Habits = []itnio.Habit{{ID: "habit-order", Text: hostile}}
		o.Exporter = fixedExporter{reason: hostile, about: about, accounts: []collector.AccountStatus{bad}}
		o.Version = hostile
		o.Last = func() LastReload { return LastReload{testNow, errors.New(hostile)} }
		answer := ask(NewHandler(o), http.MethodGet, "/")
		page := answer.Body.String()
		if strings.ContainsAny(hostile, `<"'`) {
			require.NotContains(t, page, hostile)
		}
		plain := options(t, "", "", "/metrics")
		about.Ledger.Path, about.Configuration, about.Scrapers[0].Host = "x", "x", "x"
		bad.Name, bad.LastError, bad.Clock = "x", "x", "x"
		bad.Recent.LastHour, bad.Recent.Anomalies = account.Outcomes{"x": 1}, map[call.Anomaly]int{"x": 1}
		bad.Habits = []itnio.Habit{{ID: "habit-order", Text: "x"}}
		plain.Exporter, plain.Version = fixedExporter{reason: "x", about: about, accounts: []collector.AccountStatus{bad}}, "x"
		plain.Last = func() LastReload { return LastReload{testNow, errors.New("x")} }
		tag := regexp.MustCompile(`<[^>]*>`)
		require.Equal(t, tag.FindAllString(ask(NewHandler(plain), http.MethodGet, "/").Body.String(), -1), tag.FindAllString(page, -1), "the same tags as with harmless texts")

		policy := answer.Header().Get("Content-Security-Policy")
		style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page)[1]
		digest := sha256.Sum256([]byte(style))
		require.Contains(t, policy, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(digest[:])+"'")
		require.NotContains(t, policy, "unsafe")
		require.NotContains(t, policy, "script")
		require.NotContains(t, page, " style=", "the policy forbids it")
		require.Equal(t, "nosniff", answer.Header().Get("X-Content-Type-Options"))
	}
}

// TestStatusPageOfManyAccounts: with 200 accounts only those are unfolded that need somebody.
func TestStatusPageOfManyAccounts(t *testing.T) {
	o := options(t, "", "", "/metrics")
	var accounts []collector.AccountStatus
	for i := range 200 {
		one := healthyAccount(fmt.Sprintf("account %03d", i))
		one.Habits = testHabits()
		accounts = append(accounts, one)
	}
	accounts[150] = failingAccount("broken", "no answer", account.TroubleTimeout)
	about := testAbout()
	for i := range 50 {
		about.Scrapers = append(about.Scrapers, collector.Scraper{Host: fmt.Sprint(i), Last: testNow})
	}
	o.Exporter = fixedExporter{accounts: accounts, about: about}
	page := ask(NewHandler(o), http.MethodGet, "/").Body.String()
	require.Equal(t, 1, strings.Count(page, " open>"))
	require.Contains(t, page, `<details class="account failing" open>`)
	require.Contains(t, page, "199 in step")
	require.Contains(t, page, " and 32 more")
	require.Less(t, len(page), 600_000)
}

// TestStatusDocument holds the names of the JSON fields that docs/status.md documents.
func TestStatusDocument(t *testing.T) {
	o := options(t, "", "", "/metrics")
	busy := failingAccount("main", "no answer", account.TroubleTimeout)
	busy.CatchUp, busy.CaughtUp, busy.Estimate, busy.Clock = time.Hour, 0.25, 20*time.Minute, "an answer is dated …"
	busy.Habits = testHabits()
	o.Exporter = fixedExporter{reason: "x", about: testAbout(), accounts: []collector.AccountStatus{busy, {Status: account.Status{Name: "new"}}}}
	o.Last = func() LastReload { return LastReload{testNow, errors.New("refused")} }
	answer := askAs(NewHandler(o), "/", "application/json")
	require.Equal(t, "application/json", answer.Header().Get("Content-Type"))
	require.Equal(t, "Accept", answer.Header().Get("Vary"))
	var have map[string]any
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &have))
	require.Equal(t, 1.0, have["version"])
	accounts := have["accounts"].([]any)
	main := accounts[0].(map[string]any)
	require.Equal(t, "failing", main["state"])
	require.Equal(t, map[string]any{
		"text": "no answer", "kind": "timeout", "since": "2026-03-01T10:30:00Z", "do": advices[account.TroubleTimeout].do, "docs": "docs/troubleshooting.md#an-account-is-down",
	}, main["error"])
	require.Equal(t, map[string]any{"remaining_seconds": 3600.0, "done": 0.25, "estimate_seconds": 1200.0}, main["catch_up"])
	require.Equal(t, map[string]any{"last_minute": 12.0, "last_day": 34567.0, "rate_limit": 5.0}, main["requests"])
	require.Equal(t, map[string]any{"records": 5.0, "p50_seconds": 20.0, "p99_seconds": 180.0}, main["lateness"])
	require.Equal(t, map[string]any{
		"id": "habit-page-size", "text": "pages have 15 records where 100 were asked for", "docs": "docs/doctor.md#habit-page-size",
	}, main["habits"].([]any)[1])
	require.Len(t, main["calls"].(map[string]any)["hours"], 24)
	for _, missing := range []string{"error", "catch_up", "lateness", "complete_until", "last_success", "epoch", "up", "habits"} {
		require.NotContains(t, accounts[1], missing)
	}

	page, err := os.ReadFile("../docs/status.md")
	require.NoError(t, err)
	_, documented, _ := strings.Cut(string(page), "## JSON")
	for _, name := range regexp.MustCompile(`"([a-z0-9_]+)":`).FindAllStringSubmatch(answer.Body.String(), -1) {
		if name[1] != "busy" && name[1] != "no_answer" {
			require.Contains(t, documented, `"`+name[1]+`"`)
		}
	}
}

func TestPrefersJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                  false,
		"*/*":                               false,
		"text/plain":                        false,
		"text/html":                         false,
		"application/json":                  true,
		"application/*":                     true,
		"Application/JSON; charset=utf-8":   true,
		"application/json;q=0":              false,
		"application/json;q=0, */*":         false,
		"application/json;q=0.5, text/html": false,
		"application/json, text/html":       false,
		"application/json, text/html;q=0.9": true,
		"application/json, text/plain, */*": true,
		"text/*, application/json;q=0.9":    false,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false,
		"application/json;q=nonsense":                                     false,
		"application/json;q=7":                                            false,
		";;, application/json":                                            true,
		"application/openmetrics-text;version=1.0.0":                      false,
		"application/json-patch+json":                                     false,
	} {
		require.Equal(t, want, prefersJSON(http.Header{"Accept": {accept}}), accept)
	}
	require.True(t, prefersJSON(http.Header{"Accept": {"text/plain", "application/json"}}))
}

// TestAdvice: each kind of trouble has one, and its link leads to a heading.
func TestAdvice(t *testing.T) {
	require.Len(t, advices, len(account.Troubles()))
	dropped := regexp.MustCompile(`[^a-z0-9 _-]`)
	links := []string{docsAnomalies, "docs/backup.md#restore"}
	all := itnio.Habits{
		TimeFormat: itnio.TimeISO8601, Totals: itnio.TotalsExact, TotalCap: 1, PageSize: 1, Order: itnio.OrderNone, PastEnd: itnio.PastEndEmpty, FilterTime: itnio.FilterStart,
		Ends: itnio.EndsIn, Width: itnio.Limit{Answered: 1}, Future: itnio.FutureAnswered, Retention: itnio.Retention{Days: 1}, Filters: itnio.FiltersHonoured,
	}
	require.Len(t, all.Known(), 12)
	for _, habit := range all.Known() {
		links = append(links, docsHabits+habit.ID)
	}
	for _, trouble := range account.Troubles() {
		require.NotEmpty(t, advices[trouble].do, trouble)
		links = append(links, advices[trouble].docs)
	}
	for _, link := range links {
		file, anchor, _ := strings.Cut(link, "#")
		text, err := os.ReadFile("../" + file)
		require.NoError(t, err)
		var headings []string
		for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
			headings = append(headings, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
		}
		require.Contains(t, headings, anchor, link)
	}
	rules, err := os.ReadFile("../dashboards/rules/thresholds.yml")
	require.NoError(t, err)
	require.Contains(t, string(rules), `"`+docsBase+`docs/alerts.md"`, "the same address as that of the runbooks")
}

func TestTexts(t *testing.T) {
	for s, want := range map[int64]string{0: "0 s", 59: "59 s", 60: "1 m", 61: "1 m 1 s", 3600: "1 h", 3661: "1 h 1 m", 3605: "1 h", 90000: "1 d 1 h", 86400 * 400: "400 d"} {
		require.Equal(t, want, spanText(s))
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567", -1000: "-1\u202f000"} {
		require.Equal(t, want, numberText(n))
	}
	for n, want := range map[int64]string{0: "0 bytes", 9999: "9\u202f999 bytes", 65536: "66 kB", 12_345_678: "12 MB", 98_765_432_100: "99 GB"} {
		require.Equal(t, want, bytesText(n))
	}
	require.Equal(t, "in 2 m", agoText(-2*time.Minute))
	require.Equal(t, chart{Width: -barGap, Height: chartHeight}, newChart(nil))
	one := newChart([]hourDocument{{Start: testNow, Calls: account.Outcomes{"answered": 1, "busy": 1}}, {Start: testNow.Add(time.Hour)}})
	require.Equal(t, "M0 48.0h8V24.0h-8z", one.Answered)
	require.Equal(t, "M0 24.0h8V0.0h-8z", one.Others)
}
