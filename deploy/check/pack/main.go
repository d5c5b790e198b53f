// Command pack packs the Helm chart, with the files that it links to.
//
//	pack CHART VERSION DIRECTORY
//
// The version is that of the chart and of the image that it deploys; it may begin with a v.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

func main() {
	if err := pack(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func pack(args []string) error {
	if len(args) != 3 {
		return errors.New("give the chart's folder, the version and the folder for the archive")
	}
	c, err := loader.Load(args[0])
	if err != nil {
		return err
	}
	c.Metadata.AppVersion = args[1]
	c.Metadata.Version = strings.TrimPrefix(args[1], "v")
	if err := c.Validate(); err != nil {
		return fmt.Errorf("version %q: %w", args[1], err)
	}
	archive, err := chartutil.Save(c, args[2])
	if err != nil {
		return err
	}
	fmt.Println(archive)
	return nil
}
