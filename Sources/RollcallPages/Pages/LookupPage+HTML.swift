extension LookupPage {
  package var html: String {
    let content: Markup = """
      <h1>Look a person up</h1>
      <form method="get" action="/people" role="search" class="filters">
      \(directoryField)<label>Key or DN
      <input name="find" value="\(exact: find ?? "")" required autofocus autocomplete="off" spellcheck="false"></label>
      <button class="main">Look up</button>
      </form>
      \(result)
      """
    return Layout(title: "Person", place: .person, frame: frame, content: content).html
  }

  private var directoryField: Markup { DirectoryField(frame: frame, isRequired: true).markup }

  private var result: Markup {
    if let complaint {
      return "<div class=\"notice failed\" role=\"alert\">\(Mark.alert.markup)<p>\(complaint)</p></div>\n"
    }
    guard let find else {
      return Shown.empty(
        "The page of a person says why they are, or are not, in the directory, and what was written when.")
    }
    if matches.isEmpty {
      let none = Shown.empty("No row and no entry matches <code>\(find)</code>.")
      if !find.contains("=") { return none }
      // A name that was written long ago is found by a search of the whole journal.
      let address = Address.page("/history", ["directory": frame.directory, "dn": find])
      return "\(none)<p><a class=\"more-link\" href=\"\(exact: address)\">Search the history</a></p>\n"
    }
    return Table(
      caption: "\(counted(matches.count, "person", "people")) found",
      columns: [.init("Person", isHeading: true), .init("Directory"), .init("Entry")],
      rows: matches.map { match in
        [Shown.person(match.key, match.directory), "\(match.directory)", match.dn.map(Shown.name) ?? ""]
      }
    ).markup
  }
}

/// Which directory a form of a search is about.
struct DirectoryField {
  var frame: Frame
  /// Otherwise all of them can be chosen.
  var isRequired = false

  var markup: Markup {
    guard frame.directories.count > 1 else {
      let name = frame.selected?.name ?? frame.directory ?? ""
      return "<input type=\"hidden\" name=\"directory\" value=\"\(exact: name)\">\n"
    }
    let chosen = frame.directory ?? (isRequired ? frame.ranked.first?.name : nil)
    let options = frame.directories.map(\.name).sorted().map { name -> Markup in
      Option(value: name, text: name, isChosen: name == chosen).markup
    }
    let all: Markup = isRequired ? "" : Option(value: "", text: "all", isChosen: chosen == nil).markup
    return """
      <label>Directory
      <select name="directory">
      \(all)\(options)</select></label>

      """
  }
}

/// A choice of a menu.
struct Option {
  var value: String
  var text: String
  var isChosen: Bool

  var markup: Markup {
    let chosen: Markup = isChosen ? " selected" : ""
    return "<option value=\"\(exact: value)\"\(chosen)>\(text)</option>\n"
  }
}
