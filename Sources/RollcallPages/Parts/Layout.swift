/// The shell around each page.
struct Layout {
  /// Which of the five it is; nil for the login and for errors.
  enum Place: String, CaseIterable {
    case now = "Now"
    case waiting = "Waiting"
    case person = "Person"
    case history = "History"
    case health = "Health"

    var path: String {
      switch self {
      case .now: "/"
      case .waiting: "/waiting"
      case .person: "/people"
      case .history: "/history"
      case .health: "/health"
      }
    }
  }

  /// Before the name of the program in the title; the state goes ahead of it.
  var title: String
  var place: Place?
  /// Nil where nobody is logged in.
  var frame: Frame?
  /// After so many seconds the script looks for what is new; nil for never.
  var refresh: Int?
  var content: Markup

  var html: String {
    let level = frame?.standing.level
    let heading = ([frame?.standing.words, title].compactMap { $0 } + ["Rollcall"]).joined(separator: " · ")
    // Without JavaScript the page loads itself anew, more rarely.
    let reload: Markup = refresh == nil ? "" : "<noscript><meta http-equiv=\"refresh\" content=\"60\"></noscript>\n"
    let page: Markup = """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <title>\(heading)</title>
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <link rel="icon" type="image/svg+xml" href="\(Asset.icon(level).address)">
      <link rel="stylesheet" href="\(Asset.style.address)">
      <script src="\(Asset.script.address)" defer></script>
      \(reload)</head>
      <body\(refreshed)>
      <a class="skip" href="#content">Skip to the content</a>
      \(bar)<main id="content">
      \(frame?.notice.map(notice))\(content)
      </main>
      \(foot)</body>
      </html>

      """
    return page.html
  }

  private var refreshed: Markup? { refresh.map { " data-refresh=\"\(digits: $0)\"" } }

  private var bar: Markup {
    guard let frame else {
      return "<header class=\"bar\"><div><span class=\"brand\">Rollcall</span></div></header>\n"
    }
    let standing = frame.standing
    let pages = Place.allCases.map { place -> Markup in
      let address = Address.page(place.path, ["directory": frame.directory])
      let current: Markup = place == self.place ? " aria-current=\"page\"" : ""
      return "<a href=\"\(exact: address)\"\(current)>\(place.rawValue)\(badge(place, frame))</a>\n"
    }
    return """
      <header class="bar"><div>
      <a class="brand" href="/">Rollcall</a>
      \(menu(frame))<nav aria-label="Pages">
      \(pages)</nav>
      <p class="state \(standing.level.name)" role="status">\(Mark(standing.level).markup) <span>\(standing.words)</span></p>
      </div></header>

      """
  }

  /// How many things wait.
  private func badge(_ place: Place, _ frame: Frame) -> Markup? {
    guard place == .waiting else { return nil }
    let shown = frame.selected.map { [$0] } ?? frame.directories
    let count = shown.reduce(0) { $0 + $1.held + $1.parked }
    if count == 0 { return nil }
    let text = count > DirectorySummary.most ? "\(DirectorySummary.most.grouped)+" : count.grouped
    return " <span class=\"badge\">\(text)</span>"
  }

  /// The directory, or a menu where there are several.
  private func menu(_ frame: Frame) -> Markup {
    let name = frame.selected?.name ?? frame.directory
    guard frame.directories.count > 1 else {
      return name.map { "<span class=\"directory\">\($0)</span>\n" } ?? ""
    }
    let path = place?.path ?? "/"
    let items = frame.ranked.map { directory -> Markup in
      let standing = directory.standing
      let current: Markup = directory.name == name ? " aria-current=\"true\"" : ""
      return """
        <li><a href="\(exact: Address.page(path, ["directory": directory.name]))"\(current)>\
        \(Mark(standing.level).markup) <b>\(directory.name)</b> <span>\(standing.words)</span></a></li>

        """
    }
    let all: Markup = name == nil ? " aria-current=\"true\"" : ""
    return """
      <details class="menu" data-menu><summary><span class="hidden">Directory: </span>\(name ?? "All directories")</summary>
      <ul>
      <li><a href="\(exact: path)"\(all)><b>All directories</b></a></li>
      \(items)</ul>
      </details>

      """
  }

  private func notice(_ notice: Notice) -> Markup {
    let (name, mark): (Markup, Mark) =
      switch notice.level {
      case .done: ("done", .ok)
      case .warning: ("warning", .wait)
      case .failed: ("failed", .error)
      }
    return """
      <div class="notice \(name)" role="\(notice.level == .failed ? "alert" : "status")">\(mark.markup)
      <p>\(notice.text)</p></div>

      """
  }

  private var foot: Markup {
    guard let frame else { return "" }
    return """
      <footer><p>Rollcall \(frame.version)</p>
      <p>As of <time datetime="\(frame.now.rfc3339)">\(frame.now.exact)</time></p>
      <form method="post" action="/logout">
      <input type="hidden" name="form" value="\(exact: frame.formToken)">
      <button>Log out</button>
      </form></footer>

      """
  }
}
