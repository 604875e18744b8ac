extension HistoryPage {
  package var html: String {
    let content: Markup = """
      <h1>History</h1>
      \(filters)\(refusal)\(result)
      """
    return Layout(title: "History", place: .history, frame: frame, content: content).html
  }

  private var filters: Markup {
    let chosen = Option(value: "", text: "any", isChosen: filter.action.isEmpty).markup
    let options = actions.map { Option(value: $0, text: $0, isChosen: $0 == filter.action).markup }
    let clear: Markup =
      filter.isEmpty
      ? "" : "<a href=\"\(exact: Address.page("/history", ["directory": frame.directory]))\">Clear</a>"
    return """
      <form method="get" action="/history" role="search" class="filters">
      \(DirectoryField(frame: frame).markup)\(field("Key", "key", filter.key))\(field("DN", "dn", filter.dn))\
      \(field("Transaction", "xid", filter.xid))<label>Action
      <select name="action">
      \(chosen)\(options)</select></label>
      \(field("Since", "since", filter.since, hint: "2h or 2026-11-27"))<button class="main">Show</button>
      \(clear)
      </form>

      """
  }

  private func field(_ label: String, _ name: String, _ value: String, hint: String = "") -> Markup {
    """
    <label>\(label)
    <input name="\(name)" value="\(exact: value)" placeholder="\(hint)" autocomplete="off" spellcheck="false"></label>

    """
  }

  private var refusal: Markup? {
    complaint.map { "<div class=\"notice failed\" role=\"alert\">\(Mark.alert.markup)<p>\($0)</p></div>\n" }
  }

  private var result: Markup {
    if complaint != nil { return "" }
    if rows.isEmpty, isPart {
      return "\(Shown.empty("No row matches these filters, as far as was searched."))\(older)"
    }
    if rows.isEmpty {
      let kept: Markup = oldest.map { " The oldest row that is kept is \($0.markup(frame.now))." } ?? ""
      return filter.isEmpty
        ? Shown.empty(
          "Everything that is written to the directory would appear here. The journal has no rows yet, or is off.")
        : Shown.empty("No row of the journal matches these filters.\(kept)")
    }
    let isMixed = frame.directories.count > 1 && frame.directory == nil
    return """
      \(JournalList(rows: rows, frame: frame, showsDirectory: isMixed).markup)\(older)\(export)
      """
  }

  private var older: Markup {
    guard let before else { return "<p class=\"quiet\">There are no more rows.</p>\n" }
    let address = Address.page(
      "/history",
      [
        "directory": frame.directory, "key": filter.key, "dn": filter.dn, "xid": filter.xid, "action": filter.action,
        "since": filter.since, "before": "\(before)",
      ])
    return "<p><a class=\"more-link\" href=\"\(exact: address)\">\(isPart ? "Search older rows" : "Older")</a></p>\n"
  }

  /// The same rows as text, for those who want to keep them.
  private var export: Markup {
    var words = ["history"]
    for (option, value) in [
      ("--dn", filter.dn), ("--xid", filter.xid), ("--action", filter.action), ("--since", filter.since),
    ] where !value.isEmpty {
      guard let word = value.shellWord else { return "" }
      words.append("\(option) \(word)")
    }
    var key = ""
    if !filter.key.isEmpty {
      guard let word = filter.key.shellArgument else { return "" }
      key = " \(word)"
    }
    let name = frame.selected?.name
    let each: Markup =
      name == nil ? "<p>For one directory at a time; NAME.yaml is its configuration.</p>\n" : ""
    let lines = ["--ldif", "--json"].map { form -> Markup in
      "<p>\(Shown.shell("\(words.joined(separator: " ")) \(form)\(key)", name, frame))</p>\n"
    }
    return """
      <details class="fold" id="export"><summary>As LDIF or JSON</summary>
      \(each)\(lines)</details>

      """
  }
}
