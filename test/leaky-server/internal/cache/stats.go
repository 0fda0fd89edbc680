package cache

// The answers of gopls's commands gopls.workspace_stats and gopls.views, counted from what is really there.

type workspaceStats struct {
	Files fileStats
	Views []viewStats
}

type fileStats struct{ Total, Largest, Errs int }

type viewStats struct {
	GoCommandVersion               string
	AllPackages, WorkspacePackages packageStats
	Diagnostics                    int
}

type packageStats struct{ Packages, LargestPackage, CompiledGoFiles, Modules int }

type viewInfo struct{ ID, Type, Root, Folder string }

// WorkspaceStats counts files, and packages per view.
func (s *Session) WorkspaceStats() any {
	stats := workspaceStats{Files: fileStats{Total: len(s.files)}, Views: []viewStats{}}
	for _, text := range s.files {
		stats.Files.Largest = max(stats.Files.Largest, len(text))
	}
	for _, view := range s.views {
		// One file each: see checkPackages.
		packages := packageStats{len(view.packages), 1, len(view.packages), 1}
		stats.Views = append(stats.Views, viewStats{"go1.22", packages, packages, 0})
	}
	return stats
}

// ViewList names the views there are.
func (s *Session) ViewList() any {
	views := []viewInfo{}
	for _, view := range s.views {
		views = append(views, viewInfo{view.id, "GoModView", "file://" + view.root, "file:///workspace"})
	}
	return views
}
