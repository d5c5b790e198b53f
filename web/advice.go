package web

import "itnio_exporter/collector/account"

// docsBase is where the folder docs is published, as in dashboards/rules/thresholds.yml. The documents name pages below it.
const docsBase = "https://example.org/itnio_exporter/"

// docsAnomalies is where the kinds of anomalies are explained.
const docsAnomalies = "docs/metrics.md#anomalies"

// docsHabits, with a habit's id, is where the habits of servers are explained.
const docsHabits = "docs/doctor.md#"

// advice is what to do about a kind of trouble, and the section of the docs that says more.
type advice struct{ do, docs string }

const (
	docsDown      = "docs/troubleshooting.md#an-account-is-down"
	docsAPIErrors = "docs/alerts.md#itnioapierrors"
)

var advices = map[account.Trouble]advice{
	account.TroubleAuthentication: {"Check api_key, api_secret and base_url, and that this machine's address is on the allow-list in the platform's console.", "docs/alerts.md#itnioapiauthenticationrefused"},
	account.TroubleThrottled:      {"Look for another program that uses the same key, or lower rate_limit. The exporter slows down by itself.", docsAPIErrors},
	account.TroubleTimestamp:      {"Synchronise this machine's clock (NTP): the platform refuses requests that are half an hour off.", "docs/alerts.md#itnioclockskew"},
	account.TroubleWindow:         {"Nothing at first: the exporter asks for less by itself. If it stays, report it to the platform.", "docs/alerts.md#itnioaccountincomplete"},
	account.TroubleQuestion:       {"Look at filter and time_format of the account: the platform refuses what is asked.", docsDown},
	account.TroubleTimeout:        {"Look at the network and the proxy. If the platform is slow, raise timeout of the account.", docsDown},
	account.TroubleConnection:     {"Look at name resolution, firewall, proxy and certificates between this machine and base_url.", docsDown},
	account.TroubleAddress:        {"Check base_url of the account, its path above all: the server has nothing there. If it is right, a proxy answers in the API's place.", docsDown},
	account.TroubleAnswer:         {"Something else answers in the API's place: check base_url, and let the proxy or firewall pass the API's host.", docsDown},
	account.TroubleCutOff:         {"Nothing at first: the exporter asks again. If it lasts, the connection or a proxy breaks answers off: look at the proxies on the way and their time limits.", docsDown},
	account.TroubleServer:         {"The platform has a problem. What is missed is caught up; if it lasts, ask the platform.", docsAPIErrors},
	account.TroubleOffset:         {"Compare the records' times with the platform's console, set utc_offset to what the log suggests, and reload.", "docs/alerts.md#itniowrongutcoffset"},
	account.TroubleClock:          {"Wait 5 minutes: it is decided by itself. Then look at this machine's clock and the server's.", docsDown},
	account.TroubleLedger:         {"Look at the disk of the ledger: full, read-only or taken away. Nothing is lost once it can be written.", "docs/alerts.md#itnioledgercommitfailures"},
	account.TroubleUnknown:        {"Run itnio_exporter doctor for this account, and look at the log.", docsDown},
}
