"""Many videos: a manifest of jobs, made by several processes or a Ray cluster, resumed where it was stopped."""
