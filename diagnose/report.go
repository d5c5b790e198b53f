package diagnose

// Result is what a check found.
type Result string

// Results, from best to worst. A check that could not be made because of another's result is skipped.
const (
	Good     Result = "good"
	Skipped  Result = "skipped"
	Doubtful Result = "doubtful" // works, but costs something, or may be a mistake
	Wrong    Result = "wrong"    // does not work, or makes the numbers wrong
)

// Finding is the result of one check. Its texts contain no key, secret, signature, phone number, name or id.
type Finding struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Result Result `json:"result"`
	Seen   string `json:"seen"`
	Means  string `json:"means,omitempty"` // "" where the result is good
	Do     string `json:"do,omitempty"`
	Docs   string `json:"docs"` // page and anchor
}

// Section is a group of checks of one account or, without an account, of the whole configuration.
type Section struct {
	Name    string    `json:"name"`
	Account string    `json:"account,omitempty"` // place in the configuration, such as accounts[0]
	Checks  []Finding `json:"checks"`
}

// FormatVersion is the version of the report's JSON. It rises when a field or an id changes or goes; fields, ids and results that
// are added do not raise it.
const FormatVersion = 1

// Report is the outcome of all checks.
type Report struct {
	Version  int            `json:"version"`
	Exporter string         `json:"exporter"` // version of the program
	Result   Result         `json:"result"`   // the worst of all, skipped checks aside
	Sections []Section      `json:"sections"`
	Requests map[string]int `json:"requests"` // sent to the API, by account
}

// Count is how many checks have a result.
func (r *Report) Count(result Result) int {
	n := 0
	for _, s := range r.Sections {
		for _, f := range s.Checks {
			if f.Result == result {
				n++
			}
		}
	}
	return n
}

func (r *Report) judge() {
	r.Result = Good
	for _, worst := range []Result{Wrong, Doubtful} {
		if r.Count(worst) > 0 {
			r.Result = worst
			return
		}
	}
}

func good(seen string) Finding { return Finding{Result: Good, Seen: seen} }

func doubtful(seen, means, do string) Finding {
	return Finding{Result: Doubtful, Seen: seen, Means: means, Do: do}
}

func wrong(seen, means, do string) Finding {
	return Finding{Result: Wrong, Seen: seen, Means: means, Do: do}
}

func skipped(why string) Finding { return Finding{Result: Skipped, Seen: why} }
