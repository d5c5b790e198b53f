package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// problems are the messages for testdata/*.bad.yml, by the name of the file.
var problems = map[string]string{
	"account_text":                `:2: accounts[0]: has to be a block of keys and values, is a single value`,
	"accounts_block":              `:1: accounts: has to be a list, is a block; write it as [a, b] or one item a line behind a dash`,
	"agents_hash_key_empty":       `:7: metrics.agent_hash_key_file: the file is empty; write a key of random characters into it`,
	"agents_hash_key_missing":     `:7: metrics.agent_hash_key_file: cannot be read: no such file or directory; fix the path or the permissions`,
	"agents_hash_no_key":          `:5: metrics.agent_hash_key_file: is missing; agents: hash needs a file with a key of random characters`,
	"agents_true":                 `:6: metrics.agents: "true" is not a mode; it is off, name or hash`,
	"anchor":                      `:5: accounts[0] "main": http_client: YAML anchors and aliases are not supported; write the value out`,
	"audit_long":                  `:2: global.audit_interval: 8d is too long; it has to be at most 1w (horizon)`,
	"audit_short":                 `:2: global.audit_interval: 30s is too short; it has to be at least 1m (poll_interval)`,
	"backoff_short":               `:2: global.backoff_max: 30s is too short; it has to be at least 1m (poll_interval)`,
	"base_url_broken":             `:5: accounts[0] "main": base_url: is not an absolute http or https URL; write it as https://api.itniotech.com`,
	"base_url_fragment":           `:5: accounts[0] "main": base_url: holds a query or fragment; end it at the path`,
	"base_url_query":              `:5: accounts[0] "main": base_url: holds a query or fragment; end it at the path`,
	"base_url_relative":           `:5: accounts[0] "main": base_url: is not an absolute http or https URL; write it as https://api.itniotech.com`,
	"base_url_scheme":             `:5: accounts[0] "main": base_url: is not an absolute http or https URL; write it as https://api.itniotech.com`,
	"base_url_user":               `:5: accounts[0] "main": base_url: holds a user or password; remove it, requests are signed with api_key and api_secret`,
	"buckets_empty":               `:6: metrics.duration_buckets: has 0 bounds; give 1 to 100, in seconds, or leave the key out`,
	"buckets_inf":                 `:6: metrics.ring_buckets[1]: ".inf" is not a finite number`,
	"buckets_nan":                 `:6: metrics.ring_buckets[1]: "nan" is not a finite number`,
	"buckets_order":               `:6: metrics.duration_buckets[2]: 6 follows 10; sort the bounds upwards`,
	"buckets_text":                `:6: metrics.ring_buckets: has to be a list, is a single value; write it as [a, b] or one item a line behind a dash`,
	"buckets_twice":               `:6: metrics.ring_buckets[2]: 3 stands there twice; remove one`,
	"buckets_zero":                `:6: metrics.ring_buckets[0]: 0 is not a bound; it has to be above 0`,
	"comments_only":               `: accounts: no account is configured; list at least one with name, api_key and api_secret`,
	"complex_key":                 `:1: a key has to be a word, is a list`,
	"duplicate_key":               `:5: accounts[0] "main": key "api_key" stands here again after line 3; remove one`,
	"duration_empty":              `:2: global.poll_interval: is empty; give it a value or leave the key out`,
	"duration_list":               `:2: global.poll_interval: has to be a single value, is a list`,
	"duration_no_unit":            `:2: global.poll_interval: "60" is not a duration; write a number with its unit, such as 30s, 5m, 2h or 7d`,
	"duration_text":               `:2: global.poll_interval: "soon" is not a duration; write a number with its unit, such as 30s, 5m, 2h or 7d`,
	"empty":                       `: accounts: no account is configured; list at least one with name, api_key and api_secret`,
	"empty_accounts":              `:1: accounts: no account is configured; list at least one with name, api_key and api_secret`,
	"env_bad_name":                `:3: accounts[0] "main": api_key: the name in ${} has to be of letters, digits and _; write $$ for a dollar sign`,
	"env_bare":                    `:3: accounts[0] "main": api_key: a variable is written ${NAME}; write $$ for a dollar sign`,
	"env_empty":                   `:3: accounts[0] "main": api_key: is empty; give it a value or leave the key out`,
	"env_http":                    `:5: accounts[0] "main": http_client.basic_auth.password: environment variable ITNIO_UNSET is not set; set it, or write $$ for a dollar sign`,
	"env_unset":                   `:3: accounts[0] "main": api_key: environment variable ITNIO_UNSET is not set; set it, or write $$ for a dollar sign`,
	"env_wrong_place":             `:2: global.poll_interval: "<secret>" is not a duration; write a number with its unit, such as 30s, 5m, 2h or 7d`,
	"filter_agent_id":             `:5: accounts[0] "main": filter.agent_ids[1]: -2 is not an id; it has to be 1 or more`,
	"filter_agents_text":          `:5: accounts[0] "main": filter.agents: has to be a list, is a single value; write it as [a, b] or one item a line behind a dash`,
	"filter_call_type":            `:5: accounts[0] "main": filter.call_types[1]: "inbound" is not known; it is one of group_call, incoming, outgoing`,
	"filter_calling_code":         `:5: accounts[0] "main": filter.calling_codes[0]: "+86" is not a calling code; write its digits alone, such as 86`,
	"filter_group_id":             `:5: accounts[0] "main": filter.voice_group_id: 0 is not an id; it has to be 1 or more`,
	"filter_group_id_text":        `:5: accounts[0] "main": filter.voice_group_id: "sales" is not a whole number`,
	"filter_null_item":            `:5: accounts[0] "main": filter.tags[1]: has no value; fill it in or remove it`,
	"filter_number":               `:5: accounts[0] "main": filter.number: has to be of digits only, at most 20`,
	"filter_party":                `:5: accounts[0] "main": filter.hangup_parties[0]: "system" is not known; it is one of customer, agent, none`,
	"filter_reason":               `:5: accounts[0] "main": filter.hangup_reasons[0]: "1" is not known; it is one of outgoing_not_answered, outgoing_hung_up, transfer_ringing_hung_up, transfer_success_hung_up, call_failed, no_service, out_of_service_area, busy, incoming_not_answered, incoming_hung_up`,
	"filter_tag_blank":            `:5: accounts[0] "main": filter.tags[1]: has to be a text of 1 to 512 bytes without control characters`,
	"filter_unknown_call_type":    `:5: accounts[0] "main": filter.call_types[0]: "unknown" is not known; it is one of group_call, incoming, outgoing`,
	"history_long":                `:2: global.initial_history: 8d is too long; it has to be at most 1w (horizon)`,
	"history_negative":            `:2: global.initial_history: -1h0m0s is too short; it has to be at least 0s`,
	"history_very_long":           `:2: global.initial_history: 1y is too long; it has to be at most 93d`,
	"horizon_long":                `:2: global.horizon: 94d is too long; it has to be at most 93d`,
	"horizon_short":               `:3: global.horizon: 1w is too short; it has to be at least 8d (lookback)`,
	"http_ca_content":             `:5: accounts[0] "main": http_client.tls_config: unable to use specified CA cert; write certificates and keys as PEM`,
	"http_ca_file":                `:5: accounts[0] "main": http_client.tls_config.ca_file: cannot be read: no such file or directory; fix the path or the permissions`,
	"http_header":                 `:5: accounts[0] "main": http_client.http_headers: "api-key" is set by the exporter, to sign each request; remove it`,
	"http_header_reserved":        `:5: accounts[0] "main": http_client: setting header "Content-Type" is not allowed; see Prometheus's documentation of its HTTP client options`,
	"http_missing_space":          `:5: accounts[0] "main": http_client.basic_auth: unknown key "password:" (a space is missing behind the colon); see Prometheus's documentation of its HTTP client options`,
	"http_proxy_url":              `:5: accounts[0] "main": http_client: a URL in it cannot be parsed; write it as http://proxy.example:3128`,
	"http_text":                   `:5: accounts[0] "main": http_client: has to be a block of keys and values, is a single value`,
	"http_tls_key":                `:5: accounts[0] "main": http_client: exactly one of key or key_file must be configured when a client certificate is configured; see Prometheus's documentation of its HTTP client options`,
	"http_tls_version":            `:5: accounts[0] "main": http_client: unknown TLS version: TLS99; see Prometheus's documentation of its HTTP client options`,
	"http_two_auths":              `:5: accounts[0] "main": http_client: at most one of basic_auth, oauth2 & authorization must be configured; see Prometheus's documentation of its HTTP client options`,
	"http_unknown_key":            `:8: accounts[0] "main": http_client.tls_config: unknown key "insecure"; see Prometheus's documentation of its HTTP client options`,
	"http_wrong_type":             `:5: accounts[0] "main": http_client: a value is of the wrong kind; see Prometheus's documentation of its HTTP client options`,
	"key_and_file":                `:3: accounts[0] "main": api_key: api_key_file is set too; keep one of the two`,
	"key_blank":                   `:3: accounts[0] "main": api_key: begins or ends with a blank; write the bare value`,
	"key_header":                  `:3: accounts[0] "main": api_key: contains U+200B ZERO WIDTH SPACE at position 8; write the bare value`,
	"key_empty":                   `:3: accounts[0] "main": api_key: is empty; give it a value or leave the key out`,
	"key_file_empty":              `:3: accounts[0] "main": api_key_file: the file is empty; write the value into it`,
	"key_file_missing":            `:3: accounts[0] "main": api_key_file: cannot be read: no such file or directory; fix the path or the permissions`,
	"key_list":                    `:3: accounts[0] "main": api_key: has to be a single value, is a list`,
	"key_missing":                 `:2: accounts[0] "main": api_key: is missing; set api_key or api_key_file`,
	"key_null":                    `:3: accounts[0] "main": api_key: is missing; set api_key or api_key_file`,
	"labels_list":                 `:6: metrics.labels: has to be a block of keys and values, is a list`,
	"labels_null":                 `:6: metrics.labels.itnio_calls_total: has no value; give a list, or [] for none, or leave the key out`,
	"labels_twice":                `:6: metrics.labels.itnio_calls_total[1]: "account" stands there twice; remove one`,
	"limit_fraction":              `:6: metrics.limits.agent: "1.5" is not a whole number`,
	"limit_huge":                  `:6: metrics.limits.tag: "99999999999999999999" is not a whole number`,
	"limit_negative":              `:6: metrics.limits.media: -1 is not a limit; it has to be from 1 to 10000000`,
	"limit_series":                `:6: metrics.limits.series: 9 is not a limit; it has to be from 10 to 10000000`,
	"limit_zero":                  `:6: metrics.limits.agent_group: 0 is not a limit; it has to be from 1 to 10000000`,
	"lookback_short":              `:3: global.lookback: 3h is too short; it has to be at least 4h (twice poll_interval)`,
	"lookback_tiny":               `:3: global.lookback: 30s is too short; it has to be at least 1m`,
	"merge":                       `:3: accounts[0] "main": unknown key "<<"; known are name, base_url, moved_from, api_key, api_key_file, api_secret, api_secret_file, utc_offset, time_format, rate_limit, timeout, filter, http_client`,
	"missing_space":               `:2: accounts[0] "main": unknown key "api_secret:" (a space is missing behind the colon); known are name, base_url, moved_from, api_key, api_key_file, api_secret, api_secret_file, utc_offset, time_format, rate_limit, timeout, filter, http_client`,
	"name_blank":                  `:2: accounts[0] "  ": name: is missing; give the account a name, it becomes the label account`,
	"name_control":                `:2: accounts[0] "a\nb": name: holds a control character; remove it`,
	"name_duplicate":              `:5: accounts[1] "main": name: is the name of accounts[0] already; give each account its own`,
	"name_empty":                  `:2: accounts[0]: name: is empty; give it a value or leave the key out`,
	"name_long":                   `:2: accounts[0] "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…": name: has 129 bytes; shorten it to at most 128`,
	"name_missing":                `:2: accounts[0]: name: is missing; give the account a name, it becomes the label account`,
	"name_padded":                 `:2: accounts[0] " main": name: begins or ends with a blank; remove it`,
	"name_reserved":               `:2: accounts[0] "unknown": name: is a reserved label value; choose another than other, none and unknown`,
	"no_accounts":                 `: accounts: no account is configured; list at least one with name, api_key and api_secret`,
	"not_a_block":                 `: has to be a block of keys and values, is a single value`,
	"not_utf8":                    `: not valid YAML: invalid leading UTF-8 octet; look at indentation, quotes and colons there`,
	"null_account":                `:2: accounts[0]: has no value; fill it in or remove it`,
	"offset_far":                  `:5: accounts[0] "main": utc_offset: "+14:30" is no offset on earth; it has to be from -12:00 to +14:00`,
	"offset_far_west":             `:5: accounts[0] "main": utc_offset: "-12:30" is no offset on earth; it has to be from -12:00 to +14:00`,
	"offset_minutes":              `:5: accounts[0] "main": utc_offset: "+08:60" is not an offset; write it in quotes as "+08:00", "-03:30" or "Z"`,
	"offset_name":                 `:5: accounts[0] "main": utc_offset: "Asia/Shanghai" is not an offset; write it in quotes as "+08:00", "-03:30" or "Z"`,
	"offset_number":               `:5: accounts[0] "main": utc_offset: "8" is not an offset; write it in quotes as "+08:00", "-03:30" or "Z"`,
	"poll_interval_negative":      `:2: global.poll_interval: -1m0s is too short; it has to be at least 1s`,
	"poll_interval_short":         `:2: global.poll_interval: 999ms is too short; it has to be at least 1s`,
	"poll_interval_zero":          `:2: global.poll_interval: 0s is too short; it has to be at least 1s`,
	"poll_mode":                   `:2: global.poll_mode: "push" is not a mode; it is interval or scrape`,
	"rate_inf":                    `:5: accounts[0] "main": rate_limit: "inf" is not a finite number`,
	"rate_negative":               `:5: accounts[0] "main": rate_limit: -1 is not a rate; it has to be at least 0.01 requests a second`,
	"rate_text":                   `:5: accounts[0] "main": rate_limit: "fast" is not a finite number`,
	"rate_zero":                   `:5: accounts[0] "main": rate_limit: 0 is not a rate; it has to be at least 0.01 requests a second`,
	"second_document":             `:5: a second document begins; keep one and remove the line ---`,
	"secret_alias":                `:4: not valid YAML: a value that begins with * has to stand in quotes`,
	"secret_and_file":             `:4: accounts[0] "main": api_secret: api_secret_file is set too; keep one of the two`,
	"secret_file_missing":         `:4: accounts[0] "main": api_secret_file: cannot be read: no such file or directory; fix the path or the permissions`,
	"secret_file_two_lines":       `:4: accounts[0] "main": api_secret_file: contains U+000A LINE FEED at position 12; write the bare value`,
	"secret_missing":              `:2: accounts[0] "main": api_secret: is missing; set api_secret or api_secret_file`,
	"secret_newline":              `:4: accounts[0] "main": api_secret: contains U+000A LINE FEED at position 8; write the bare value`,
	"syntax":                      `:2: not valid YAML: did not find expected key; look at indentation, quotes and colons there`,
	"tab":                         `:2: not valid YAML: found character that cannot start any token; look at indentation, quotes and colons there`,
	"tag":                         `:5: accounts[0] "main": time_format: YAML tags are not supported; remove the word that begins with !`,
	"tags_text":                   `:6: metrics.tags: "maybe" is neither true nor false`,
	"time_format":                 `:5: accounts[0] "main": time_format: "rfc3339" is not a format; it is auto, iso8601 or datetime`,
	"unknown_account_key":         `:5: accounts[0] "main": unknown key "secret"; known are name, base_url, moved_from, api_key, api_key_file, api_secret, api_secret_file, utc_offset, time_format, rate_limit, timeout, filter, http_client`,
	"unknown_filter_key":          `:5: accounts[0] "main": filter: unknown key "group"; known are voice_group_id, agent_group, agent_ids, agents, call_types, hangup_reasons, number, calling_codes, hangup_parties, tags`,
	"unknown_global_key":          `:2: global: unknown key "pol_interval"; known are poll_mode, poll_interval, audit_interval, lookback, horizon, initial_history, zero_first, backoff_max`,
	"unknown_key":                 `:5: unknown key "metric"; known are global, accounts, metrics`,
	"unknown_limits_key":          `:6: metrics.limits: unknown key "country"; known are agent_group, agent, tag, media, series`,
	"unknown_metrics_key":         `:6: metrics: unknown key "bucket"; known are duration_buckets, ring_buckets, labels, agents, agent_hash_key_file, tags, media, exemplars, native_histograms, retire_after, limits`,
	"zero_first_negative":         `:2: global.zero_first: -1s is too short; it has to be at least 0s`,
	"secret_soft_hyphen":          `:4: accounts[0] "main": api_secret: contains U+00AD SOFT HYPHEN at position 8; write the bare value`,
	"secret_no_break_space":       `:4: accounts[0] "main": api_secret: contains U+00A0 NO-BREAK SPACE at position 15; write the bare value`,
	"secret_bom_inside":           `:4: accounts[0] "main": api_secret: contains U+FEFF ZERO WIDTH NO-BREAK SPACE (byte-order mark) at position 8; write the bare value`,
	"secret_printed":              `:4: accounts[0] "main": api_secret: is <secret>, which programs print in place of a secret; write the real value`,
	"secret_placeholder":          `:4: accounts[0] "main": api_secret: is still the placeholder of the example; write the real value`,
	"key_not_ascii":               `:3: accounts[0] "main": api_key: holds a character that no HTTP header can carry; write the bare value`,
	"secret_file_word_joiner":     `:4: accounts[0] "main": api_secret_file: contains U+2060 WORD JOINER at position 1; write the bare value`,
	"secret_file_direction":       `:4: accounts[0] "main": api_secret_file: contains U+200E LEFT-TO-RIGHT MARK at position 15; write the bare value`,
	"secret_file_variable":        `:4: accounts[0] "main": api_secret_file: a variable in it is not replaced; write the real value`,
	"base_url_placeholder":        `:5: accounts[0] "main": base_url: is still the placeholder of the example; write it as https://api.itniotech.com`,
	"base_url_scheme_twice":       `:5: accounts[0] "main": base_url: is not an absolute http or https URL; write it as https://api.itniotech.com`,
	"secret_file_utf16":           `:4: accounts[0] "main": api_secret_file: is not valid UTF-8; write the bare value`,
	"secret_file_directory":       `:4: accounts[0] "main": api_secret_file: cannot be read: it is a directory, not a regular file; fix the path or the permissions`,
	"secret_file_endless":         `:4: accounts[0] "main": api_secret_file: cannot be read: it is a device, not a regular file; fix the path or the permissions`,
	"http_ca_endless":             `:5: accounts[0] "main": http_client.tls_config.ca_file: cannot be read: it is a device, not a regular file; fix the path or the permissions`,
	"http_password_file":          `:5: accounts[0] "main": http_client.basic_auth.password_file: cannot be read: no such file or directory; fix the path or the permissions`,
	"http_username_file":          `:5: accounts[0] "main": http_client.basic_auth.username_file: cannot be read: no such file or directory; fix the path or the permissions`,
	"http_credentials_file":       `:5: accounts[0] "main": http_client.authorization.credentials_file: cannot be read: no such file or directory; fix the path or the permissions`,
	"http_bearer_file":            `:5: accounts[0] "main": http_client.bearer_token_file: cannot be read: no such file or directory; fix the path or the permissions`,
	"http_header_file":            `:5: accounts[0] "main": http_client.http_headers.X-A.files[0]: cannot be read: no such file or directory; fix the path or the permissions`,
	"http_client_secret_file":     `:5: accounts[0] "main": http_client.oauth2.client_secret_file: cannot be read: no such file or directory; fix the path or the permissions`,
	"http_oauth2_ca":              `:5: accounts[0] "main": http_client.oauth2.tls_config.ca_file: cannot be read: no such file or directory; fix the path or the permissions`,
	"http_empty_file":             `:5: accounts[0] "main": http_client.basic_auth.password_file: the file is empty; write the value into it`,
	"http_no_user":                `:5: accounts[0] "main": http_client.basic_auth: has no user; set username or username_file`,
	"http_user_colon":             `:5: accounts[0] "main": http_client.basic_auth.username: contains a colon, which basic authentication cannot carry; write the bare name`,
	"http_placeholder":            `:5: accounts[0] "main": http_client.basic_auth.password: is still the placeholder of the example; write the real value`,
	"http_password_invisible":     `:5: accounts[0] "main": http_client.basic_auth.password: contains U+200F RIGHT-TO-LEFT MARK at position 8; write the bare value`,
	"http_reference":              `:5: accounts[0] "main": http_client.basic_auth.password: there is no secret manager to take it from; write the value or name a file`,
	"http_proxy_scheme":           `:5: accounts[0] "main": http_client.proxy_url: is not the URL of a proxy; write it as http://proxy.example:3128, with http, https, socks5, socks5h`,
	"http_proxy_no_scheme":        `:5: accounts[0] "main": http_client.proxy_url: is not the URL of a proxy; write it as http://proxy.example:3128, with http, https, socks5, socks5h`,
	"http_token_url":              `:5: accounts[0] "main": http_client.oauth2.token_url: is not an absolute http or https URL; write it as https://login.example/token`,
	"http_token_url_broken":       `:5: accounts[0] "main": http_client.oauth2.token_url: is not an absolute http or https URL; write it as https://login.example/token`,
	"http_header_name":            `:5: accounts[0] "main": http_client.http_headers: a name in it has a character that HTTP does not allow there; use letters, digits and dashes`,
	"http_header_line_break":      `:5: accounts[0] "main": http_client.http_headers.X-A.values[0]: contains U+000A LINE FEED at position 8; write the bare value`,
	"http_header_secret":          `:5: accounts[0] "main": http_client.http_headers.X-A.secrets[0]: contains U+000D CARRIAGE RETURN at position 8; write the bare value`,
	"http_connect_header":         `:5: accounts[0] "main": http_client.proxy_connect_header.X-A[0]: contains U+000A LINE FEED at position 8; write the bare value`,
	"http_authorization_type":     `:5: accounts[0] "main": http_client.authorization.type: a name in it has a character that HTTP does not allow there; use letters, digits and dashes`,
	"variable_unexpanded":         `:3: accounts[0] "main": api_key: ${ITNIO_KEY} is not replaced without --config.expand-environment-variables; give the flag or write the value`,
	"variable_inside":             `:4: accounts[0] "main": api_secret: a variable in it is not replaced without --config.expand-environment-variables; give the flag or write the value`,
	"http_variable":               `:5: accounts[0] "main": http_client.basic_auth.password: ${ITNIO_KEY} is not replaced without --config.expand-environment-variables; give the flag or write the value`,
	"base_url_invisible":          `:5: accounts[0] "main": base_url: contains U+200B ZERO WIDTH SPACE at position 20; write it as https://api.itniotech.com`,
	"timeout_short":               `:5: accounts[0] "main": timeout: 500ms is not a timeout; it has to be from 1s to 5m`,
	"timeout_long":                `:5: accounts[0] "main": timeout: 6m is not a timeout; it has to be from 1s to 5m`,
	"retire_after_negative":       `:6: metrics.retire_after: "-1d" is not a duration; write a number with its unit, such as 30s, 5m, 2h or 7d`,
	"retire_after_below_zero":     `:6: metrics.retire_after: -1h0m0s is negative; write 0s for never`,
	"native_histograms_text":      `:6: metrics.native_histograms: "both" is neither true nor false`,
	"base_url_port":               `:5: accounts[0] "main": base_url: has a port that does not exist; write it as https://api.itniotech.com`,
	"http_proxy_port":             `:5: accounts[0] "main": http_client.proxy_url: is not the URL of a proxy; write it as http://proxy.example:3128, with http, https, socks5, socks5h`,
	"agents_hash_key_placeholder": `:7: metrics.agent_hash_key_file: the key is still the placeholder of the example; write a key of random characters into it`,
	"secret_angle_brackets":       `:4: accounts[0] "main": api_secret: is a placeholder; write the real value`,
	"secret_your":                 `:4: accounts[0] "main": api_secret: is a placeholder; write the real value`,
	"secret_changeme":             `:4: accounts[0] "main": api_secret: is still the placeholder of the example; write the real value`,
	"secret_variable_bare":        `:4: accounts[0] "main": api_secret: is a variable that is not replaced; write the real value`,
	"secret_template":             `:4: accounts[0] "main": api_secret: a variable in it is not replaced; write the real value`,
	"secret_dots":                 `:4: accounts[0] "main": api_secret: is a placeholder; write the real value`,
	"secret_encrypted":            `:4: accounts[0] "main": api_secret: is what a secret manager has in its place; write the real value`,
	"http_header_transfer":        `:5: accounts[0] "main": http_client.http_headers: "transfer-encoding" would break requests or their answers; remove it`,
	"http_header_range":           `:5: accounts[0] "main": http_client.http_headers: "Range" would break requests or their answers; remove it`,
	"http_header_host":            `:5: accounts[0] "main": http_client: setting header "Host" is not allowed; see Prometheus's documentation of its HTTP client options`,
	"http_connect_length":         `:5: accounts[0] "main": http_client.proxy_connect_header: "Content-Length" would break the connection; remove it`,
	"http_password_placeholder":   `:5: accounts[0] "main": http_client.basic_auth.password: is a placeholder; write the real value`,
	"base_url_port_zero":          `:5: accounts[0] "main": base_url: has a port that does not exist; write it as https://api.itniotech.com`,
	"base_url_longer_path":        `:5: accounts[0] "main": base_url: holds the API's path /v3/cc and more behind it; end it before /v3`,
	"base_url_dots":               `:5: accounts[0] "main": base_url: has a path with an empty part, . or ..; write the path that the server has`,
	"base_url_template":           `:5: accounts[0] "main": base_url: a variable in it is not replaced; write it as https://api.itniotech.com`,
	"base_url_variable":           `:5: accounts[0] "main": base_url: is a variable that is not replaced; write it as https://api.itniotech.com`,
	"base_url_host":               `:5: accounts[0] "main": base_url: has a host name with a character that no host name can have; write it as https://api.itniotech.com`,
	"retire_after_short":          `:6: metrics.retire_after: 1ms is too short; it has to be at least 1d, since calls of label sets that are taken out earlier may never be shown, or 0s for never`,
	"http_bearer_twice":           `:5: accounts[0] "main": http_client.authorization.credentials: begins with the type of authorization, which is sent before it; write the bare value`,
	"http_server_name":            `:5: accounts[0] "main": http_client.tls_config.server_name: has a character that no host name can have; write the bare name`,
	"agents_hash_key_blank":       `:7: metrics.agent_hash_key_file: the file is empty; write a key of random characters into it`,
}

// environment is what the configurations named env_* are expanded with.
func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"ITNIO_EMPTY":  "",
		"ITNIO_KEY":    "hunter2-env-key",
		"ITNIO_SECRET": "hunter2: [env, secret]",
		"ITNIO_RATE":   "2.5",
		"ITNIO_BOOL":   "true",
	}[name]
	return value, ok
}

func loadFile(path string) (*Validated, error) {
	expand := strings.HasPrefix(filepath.Base(path), "env_")
	c, err := Load(path, Options{ExpandEnv: expand, LookupEnv: environment})
	if err != nil {
		return nil, err
	}
	return c.Validate()
}

func TestBadConfigurations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.yml")
	require.NoError(t, err)
	require.Len(t, files, len(problems), "each file has a message, each message a file")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".bad.yml")
		t.Run(name, func(t *testing.T) {
			_, err := loadFile(file)
			require.EqualError(t, err, file+problems[name])
			require.NotContains(t, err.Error(), "hunter2", "every secret of the fixtures begins so")
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestErrorsCanBeUnwrapped(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "config.yml"), Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "config.yml: cannot be read: no such file or directory; give the configuration's path with --config.file")
	_, err = loadFile("testdata/key_file_missing.bad.yml")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Whatever an unquoted secret looks like to the parser, no message repeats it.
func TestAwkwardSecretsAreNotPrinted(t *testing.T) {
	for _, before := range []string{"*", "&", "!", "!!", "|", ">", "%", "@", "`", "{", "[", "- ", "? ", "'", "\"", "\t", ": ", "*x ", "&x *", "!x ", "<<: *"} {
		for _, after := range []string{"", ":", ": x", " #", "'", "\"", "\\", " *x", "\n:", "\n  x"} {
			value := before + "hunter2" + after
			_, err := Load("config.yml", Options{ReadFile: func(string) ([]byte, error) {
				return []byte("accounts:\n  - name: main\n    api_key: a\n    api_secret: " + value + "\n"), nil
			}})
			if err != nil {
				require.NotContains(t, err.Error(), "hunter2", value)
			}
		}
	}
}
