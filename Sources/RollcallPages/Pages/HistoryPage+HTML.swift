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
      \(JournalList(rows: rows, now: frame.now, showsDirectory: isMixed).markup)\(older)\(export)
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

  /// The same as text, for those who want to keep it.
  private var export: Markup {
    var words = ["rollcall history"]
    for (option, value) in [("", filter.key), ("--dn ", filter.dn), ("--xid ", filter.xid), ("--since ", filter.since)]
    where !value.isEmpty {
      guard let word = value.shellWord else { return "" }
      words.append(option + word)
    }
    let command = words.joined(separator: " ")
    // The command has no option for an action.
    if !filter.action.isEmpty {
      guard let selection = "select(.action == \"\(filter.action)\")".shellWord else { return "" }
      return """
        <details class="fold"><summary>As JSON</summary>
        <p>\(Shown.command("\(command) --json | jq \(selection)"))</p>
        </details>

        """
    }
    return """
      <details class="fold"><summary>As LDIF or JSON</summary>
      <p>\(Shown.command("\(command) --ldif"))</p>
      <p>\(Shown.command("\(command) --json"))</p>
      </details>

      """
  }
}
