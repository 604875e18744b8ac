internal import LDAPModel

/// How many entries slapd gives one account for a search in pages, as its configuration has it (slapd-config(5),
/// `olcSizeLimit` and `olcLimits`).
enum SlapdSizeLimit: Equatable {
  case unlimited
  case entries(Int)

  /// - Parameters:
  ///   - configuration: the entries of cn=config that have `olcDatabase`, and cn=config itself.
  ///   - base: below what is searched, normalised as its database's suffix is.
  /// - Returns: nil where nothing is known of it, or the rules are of a kind that is not understood here.
  static func find(in configuration: [Entry], base: String, account: String) -> SlapdSizeLimit? {
    let base = base.lowercased()
    let own = configuration.first { entry in
      entry["olcSuffix"].compactMap(\.text).contains { base.hasSuffix($0.lowercased()) }
    }
    guard let own else { return nil }
    let frontend = configuration.first { $0["olcDatabase"].first?.text?.hasSuffix("frontend") == true }
    let global = configuration.first { $0.dn.text.lowercased() == "cn=config" }
    for rule in (own["olcLimits"] + (frontend?["olcLimits"] ?? [])).compactMap(\.text) {
      switch selects(rule, account) {
      case .some(true): return total(sizes(of: rule)) ?? general(own, frontend, global)
      case .some(false): continue
      case nil: return nil
      }
    }
    return general(own, frontend, global)
  }

  /// What holds where no rule names the account. As built it is 500.
  private static func general(_ entries: Entry?...) -> SlapdSizeLimit {
    for values in entries.map({ $0?["olcSizeLimit"].compactMap(\.text) ?? [] }) where !values.isEmpty {
      if let limit = total(values.flatMap { sizes(of: $0.contains("size") ? $0 : "size=\($0)") }) { return limit }
    }
    return .entries(500)
  }

  /// Whether a rule, `{0}dn.exact=cn=x size=unlimited`, is for the account; nil where that is not seen.
  private static func selects(_ rule: String, _ account: String) -> Bool? {
    let text = rule.drop { $0 == "{" || $0 == "}" || $0.isNumber }
    if text.hasPrefix("anonymous") { return false }
    if text.hasPrefix("*") || text.hasPrefix("users") { return true }
    for style in ["dn.exact=", "dn.base=", "dn="] where text.hasPrefix(style) {
      let end = [" size", " time"].compactMap { text.firstRange(of: $0)?.lowerBound }.min() ?? text.endIndex
      let name = text[..<end].dropFirst(style.count).filter { $0 != "\"" }
      return name.lowercased() == account.lowercased()
    }
    return nil
  }

  /// The words `size…=…` of a rule, by what they are for: "", "soft", "hard", "prtotal".
  private static func sizes(of rule: String) -> [(name: String, value: String)] {
    rule.split(separator: " ").filter { $0.hasPrefix("size") }.compactMap { word in
      let parts = word.split(separator: "=", maxSplits: 1)
      guard parts.count == 2 else { return nil }
      return (String(parts[0].dropFirst("size".count).drop { $0 == "." }), String(parts[1]))
    }
  }

  /// What limits all pages of a search together (slapd.conf(5), `limits`): prtotal, else the hard limit, which is the
  /// soft one where nothing is said.
  private static func total(_ sizes: [(name: String, value: String)]) -> SlapdSizeLimit? {
    func value(_ name: String) -> String? { sizes.last { $0.name == name }?.value }
    let soft = value("") ?? value("soft")
    var hard = value("") == nil ? value("hard") : nil
    if hard == "soft" || hard == "0" { hard = nil }
    var total = value("prtotal")
    if total == "hard" { total = nil }
    guard let text = total ?? hard ?? soft else { return nil }
    if ["unlimited", "none", "-1"].contains(text) { return .unlimited }
    return Int(text).map { .entries($0) }
  }
}
