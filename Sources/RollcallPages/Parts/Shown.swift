/// Small pieces that many pages have.
enum Shown {
  /// A line that is to be copied: a command, or what to do in words.
  static func command(_ text: String) -> Markup { "<code class=\"command\" tabindex=\"0\">\(text)</code>" }

  /// A command of `rollcall` for one directory; where there are several, with the file that is usually its configuration.
  static func shell(_ text: String, _ directory: String?, _ frame: Frame) -> Markup {
    guard frame.directories.count > 1, let file = "\(directory ?? "NAME").yaml".shellWord else {
      return command("rollcall \(text)")
    }
    let words = text.split(separator: " ", maxSplits: 1)
    let rest = words.count > 1 ? " \(words[1])" : ""
    return command("rollcall \(words.first ?? "") --config \(file)\(rest)")
  }

  /// A fix as the program words it: a command, or a sentence.
  static func fix(_ text: String?) -> Markup? {
    text.map { text in "<p class=\"fix\"><span>What to do</span> \(command(text))</p>\n" }
  }

  /// A key or a DN.
  static func name(_ text: String) -> Markup { "<code>\(text)</code>" }

  static func person(_ key: String, _ directory: String) -> Markup {
    "<a href=\"\(exact: Address.person(key, directory))\"><code>\(key.isEmpty ? "(empty)" : key)</code></a>"
  }

  /// LDIF behind a fold; nothing scrolls sideways but this.
  static func ldif(_ text: String, _ title: String) -> Markup {
    """
    <details class="fold"><summary>\(title)</summary>
    <pre tabindex="0">\(lines: text)</pre>
    </details>

    """
  }

  static func time(_ moment: Moment?, _ now: Moment, otherwise: String = "not known") -> Markup {
    moment.map { $0.markup(now) } ?? "<span class=\"quiet\">\(otherwise)</span>"
  }

  /// Where nothing is to be shown: what would be here, and why it is not.
  static func empty(_ text: Markup) -> Markup { "<p class=\"empty\">\(text)</p>\n" }

  /// Names of a set's elements in a sentence: `81 deletions and 2 takeovers`.
  static func actions(_ actions: [String]) -> String {
    let kinds = [
      ("delete", "deletion"), ("disable", "disabling"), ("leave", "leave"), ("takeover", "takeover"),
    ]
    var parts: [String] = []
    var rest = actions.count
    for (action, word) in kinds {
      let count = actions.count { $0 == action }
      if count == 0 { continue }
      rest -= count
      parts.append(counted(count, word))
    }
    if rest > 0 { parts.append(counted(rest, parts.isEmpty ? "action" : "other action")) }
    guard let last = parts.popLast() else { return "nothing" }
    return parts.isEmpty ? last : "\(parts.joined(separator: ", ")) and \(last)"
  }
}
