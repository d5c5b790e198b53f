// Command itnio_exporter exposes the finished calls of a cloud call centre to Prometheus.
package main

import (
	"os"

	"itnio_exporter/cli"
)

func main() {
	os.Exit(cli.Run(cli.ThisProcess()))
}
