package call

// Anomaly is a kind of oddity that is counted in itnio_exporter_record_anomalies_total instead of being guessed at or
// passed over in silence. The record is handled as its documentation says.
type Anomaly string
