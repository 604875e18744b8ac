/// What can be done for one person: forms, or the commands where the page may not act.
struct PersonActions {
  var page: PersonPage

  private var frame: Frame { page.frame }
  private var key: [(name: String, value: String)] { [("key", page.key)] }

  var markup: Markup {
    let parts: Markup = frame.hasActions ? forms : commands
    return "<section id=\"actions\">\n<h2>Actions</h2>\n\(pinned)\(parkedNote)\(parts)</section>\n"
  }

  private var pinned: Markup? {
    page.pin.map { pin in
      let change: Markup = pin.endsWithChange ? ", until its row changes" : ""
      let end: Markup = pin.until.map { ", until \($0.markup(frame.now))" } ?? change
      return """
        <p>Pinned by \(pin.actor) \(Shown.time(pin.since, frame.now))\(end): \(pin.because)</p>

        """
    }
  }

  private var parkedNote: Markup? {
    page.parked.map { parked in
      """
      <p>Parked \(Shown.time(parked.since, frame.now)), \(counted(parked.attempts, "try", "tries")): \(parked.message)</p>

      """
    }
  }

  private var forms: Markup {
    let held = page.held.map { item -> Markup in
      """
      <p>Held \(Shown.time(item.since, frame.now)): \(item.action) of \(Shown.name(item.dn))</p>
      \(Form(
        path: "/waiting/release", frame: frame, directory: page.directory, fields: key,
        inputs: Form.field("Because", "because", placeholder: "for the journal"),
        button: "Approve this \(PersonActions.noun(item.action))", style: .danger).markup)

      """
    }
    let retry: Markup? = page.parked.map { _ in
      Form(path: "/waiting/retry", frame: frame, directory: page.directory, fields: key, button: "Retry now").markup
    }
    let sync = Form(
      path: "/people/sync", frame: frame, directory: page.directory, fields: key, button: "Synchronize this person now")
    return "\(held)<div class=\"row\">\(retry)\(sync.markup)</div>\n\(pin)"
  }

  private var pin: Markup {
    if page.pin != nil {
      return Form(
        path: "/people/unpin", frame: frame, directory: page.directory, fields: key, button: "Unpin this person"
      ).markup
    }
    let form = Form(
      path: "/people/pin", frame: frame, directory: page.directory, fields: key,
      inputs: """
        \(Form.field("Because", "because", placeholder: "for whoever finds the pin", isRequired: true))\
        \(Form.field("Until (optional)", "until", type: "date"))
        """,
      button: "Pin this person", style: .main)
    return """
      <details class="fold" id="pin"><summary>Pin: stop writing for this person</summary>
      \(form.markup)
      </details>

      """
  }

  static func noun(_ action: String) -> String {
    switch action {
    case "delete": "deletion"
    case "disable": "disabling"
    default: action
    }
  }

  private var commands: Markup {
    guard let word = page.key.shellArgument else { return "" }
    var lines: [String] = []
    if !page.held.isEmpty { lines.append("release \(word)") }
    if page.parked != nil { lines.append("retry \(word)") }
    lines.append("sync \(word)")
    lines.append(page.pin == nil ? "pin --because 'why' \(word)" : "unpin \(word)")
    let items = lines.map { line -> Markup in "<li>\(Shown.shell(line, page.directory, frame))</li>\n" }
    return """
      <p class="quiet">This page is read-only. These commands act, and so does the page if it is started with \
      <code>--actions</code>:</p>
      <ul class="commands">
      \(items)</ul>

      """
  }
}
