// Runs before first paint, so that no wrong theme and no useless button flashes.
document.documentElement.classList.add("js");
try { const kept = localStorage.getItem("theme"); if (kept) document.documentElement.dataset.theme = kept; } catch (_) { /* storage is closed: the system's theme */ }
