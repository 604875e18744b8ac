/// Keys that are parked for one reason.
struct ParkedGroup {
  var reason: String
  /// The longest parked first.
  var keys: [WaitingPage.Parked]

  /// So many are shown at once.
  private static let first = 20

  /// The group with the oldest first.
  static func groups(of parked: [WaitingPage.Parked]) -> [ParkedGroup] {
    var groups: [ParkedGroup] = []
    var places: [String: Int] = [:]
    for key in parked {
      if let place = places[key.reason] {
        groups[place].keys.append(key)
      } else {
        places[key.reason] = groups.count
        groups.append(ParkedGroup(reason: key.reason, keys: [key]))
      }
    }
    return groups
  }

  /// Where the keys of one reason are of more directories than these, one of them is decided about on its own page.
  private static let mostForms = 3

  private var directories: [String] { Set(keys.map(\.directory)).sorted() }

  /// Decides about one of them alone; nil where there is no such form.
  private func single(_ directory: String, _ frame: Frame) -> RowActions? {
    let all = directories
    guard frame.hasActions, all.count <= ParkedGroup.mostForms else { return nil }
    let place = all.count > 1 ? ", in \(directory)" : ""
    return RowActions(
      id: "parked-\(reason)-\(directory)", frame: frame, directory: directory,
      reason: "Because, to decide about one alone\(place)")
  }

  private func buttons(_ key: WaitingPage.Parked, _ frame: Frame) -> Markup {
    single(key.directory, frame)?.cell(
      key.key,
      [
        .init(path: "/waiting/retry", text: "Retry", label: "Retry \(key.key)", needsReason: false),
        .init(path: "/people/pin", text: "Pin", label: "Pin \(key.key)"),
      ]) ?? ""
  }

  func markup(_ frame: Frame, isMixed: Bool) -> Markup {
    let rest = keys.dropFirst(ParkedGroup.first)
    let more: Markup =
      rest.isEmpty
      ? ""
      : """
      <details class="fold"><summary>Show the other \(rest.count.grouped)</summary>
      \(table(rest, frame, isMixed, caption: "The others"))
      </details>

      """
    return """
      <article class="box waiting">
      <h3>\(ParkedGroup.title(reason)) <span class="quiet">\(counted(keys.count, "person", "people"))</span></h3>
      <p>\(ParkedGroup.advice(reason))</p>
      \(directories.map { single($0, frame)?.form ?? "" })\(table(keys.prefix(ParkedGroup.first), frame, isMixed, caption: "Parked: \(ParkedGroup.title(reason))"))
      \(more)\(retry(frame))</article>

      """
  }

  private func table(
    _ keys: some Collection<WaitingPage.Parked>, _ frame: Frame, _ isMixed: Bool, caption: String
  ) -> Markup {
    let hasButtons = single(directories[0], frame) != nil
    return Table(
      caption: caption,
      columns: [
        .init("Person", isHeading: true), .init("What is wrong", isHeading: true), .init("Since"),
        .init("Tries", isNumber: true), .init("Next try"),
      ] + (hasButtons ? [.init("", isHeading: true)] : []),
      rows: keys.map { key in
        let code: Markup = key.code.map { " <span class=\"quiet\">(LDAP result \(digits: $0))</span>" } ?? ""
        let place: Markup = isMixed ? " <span class=\"quiet\">\(key.directory)</span>" : ""
        return [
          "\(Shown.person(key.key, key.directory))\(place)", "\(key.message)\(code)", Shown.time(key.since, frame.now),
          "\(key.attempts.grouped)", Shown.time(key.nextAt, frame.now, otherwise: "when its cause changes"),
        ] + (hasButtons ? [buttons(key, frame)] : [])
      }
    ).markup
  }

  /// A form for each directory that has such keys.
  private func retry(_ frame: Frame) -> Markup {
    let directories = Dictionary(grouping: keys, by: \.directory).sorted { $0.key < $1.key }
    let forms = directories.map { directory, keys -> Markup in
      let place = directories.count > 1 ? " in \(directory)" : ""
      return Form(
        path: "/waiting/retry", frame: frame, directory: directory, fields: [("reason", reason)],
        button: keys.count == 1 ? "Retry this one\(place)" : "Retry these \(keys.count.grouped)\(place)"
      ).markup
    }
    return frame.hasActions ? "<div class=\"row\">\(forms)</div>\n" : ""
  }

  /// The program's word for a reason, and what to do about it.
  private static let reasons: [String: (title: String, advice: String)] = [
    "name-missing": (
      "No name", "The row has no value, or several, for the attribute that names the entry. Correct the row."
    ),
    "name-taken": (
      "Name taken",
      "Another entry has the wanted name, or a value that must be unique. Change the row or the other entry; the person "
        + "is then tried again automatically."
    ),
    "duplicate-link": (
      "Two entries for one person",
      "Two entries carry the person's key, or the directory treats two keys as equal. Remove the link from the wrong one."
    ),
    "schema": ("Schema violation", "The directory's schema does not allow the entry. Change the row or the mapping."),
    "mapping": (
      "The mapping fails", "PostgreSQL cannot evaluate an expression for this row. Correct the row or the mapping."
    ),
    "refused": ("Refused by the server", "Remove the cause that the server names, then retry."),
    "access": ("No write access", "Give the account of directory.bind the right to write the entry, then retry."),
    "group": ("A group is in the way", "A group that the row names cannot be written. Correct the group, then retry."),
    "too-large": ("Too large", "The row or the operation is larger than the limits allow. Shorten the value."),
    "excluded": (
      "Excluded by the filter", "users.filter excludes the person's entry. Change the entry or the filter."
    ),
    "protected": (
      "Protected", "It would change an entry that users.protect names. Change the row or users.protect, then retry."
    ),
    "pinned": ("Waits for a pinned person", "What it wants belongs to somebody who is pinned. Unpin that person."),
  ]

  static func title(_ reason: String) -> String { reasons[reason]?.title ?? reason }
  static func advice(_ reason: String) -> String { reasons[reason]?.advice ?? "Remove the cause, then retry." }
}
