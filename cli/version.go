package cli

import (
	"cmp"
	"runtime/debug"

	"github.com/prometheus/common/version"
)

// Release builds set the variables of common/version by linker flags. Other builds get what the Go toolchain recorded;
// common/version itself does so for the revision, also when the program starts.
func init() {
	info, _ := debug.ReadBuildInfo()
	version.Version = cmp.Or(version.Version, moduleVersion(info))
	version.Branch = cmp.Or(version.Branch, "unknown")
	version.BuildUser = cmp.Or(version.BuildUser, "unknown")
	version.BuildDate = cmp.Or(version.BuildDate, "unknown")
}

// moduleVersion is the version of the main module: a release, a pseudo-version that names the commit, "(devel)" if the
// toolchain did not look at the repository, or "unknown". info is nil in a binary without build information.
func moduleVersion(info *debug.BuildInfo) string {
	if info == nil {
		return "unknown"
	}
	return cmp.Or(info.Main.Version, "unknown")
}
