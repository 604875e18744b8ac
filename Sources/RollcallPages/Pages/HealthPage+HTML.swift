extension HealthPage {
  package var html: String {
    let content: Markup = """
      \(findingSection)\(noteSection)\(factSection)\(configurationSection)
      """
    return Layout(title: "Health", place: .health, frame: frame, content: content).html
  }

  private var findingSection: Markup {
    if findings.isEmpty { return "<h1>Health</h1>\n\(Shown.empty("The database knows of no problem."))" }
    let sorted = findings.filter { $0.level == .error } + findings.filter { $0.level == .warning }
    let fine = findings.filter { $0.level == .ok }
    let (errors, warnings) = (findings.count { $0.level == .error }, findings.count { $0.level == .warning })
    let sentence =
      errors + warnings == 0
      ? "Everything is in place: \(counted(findings.count, "check"))."
      : [
        errors > 0 ? counted(errors, "error") : nil, warnings > 0 ? counted(warnings, "warning") : nil,
      ].compactMap { $0 }.joined(separator: ", ") + "."
    let level: Markup = errors > 0 ? "trouble" : warnings > 0 ? "waiting" : "well"
    let list: Markup = sorted.isEmpty ? "" : "<ul class=\"problems\">\n\(sorted.map(item))</ul>\n"
    let rest: Markup =
      fine.isEmpty
      ? ""
      : """
      <details class="fold"><summary>\(counted(fine.count, "check")) without a finding</summary>
      <ul class="problems">
      \(fine.map(item))</ul>
      </details>

      """
    return "<h1 class=\"sentence \(level)\">\(sentence)</h1>\n\(list)\(rest)"
  }

  private func item(_ finding: Finding) -> Markup {
    let (mark, name): (Mark, Markup) =
      switch finding.level {
      case .ok: (.ok, "done")
      case .warning: (.wait, "warning")
      case .error: (.error, "failed")
      }
    return """
      <li class="\(name)">\(mark.markup)<div>
      <p><span class="outcome">\(finding.level.rawValue)</span> <b>\(finding.place)</b> \(finding.message)</p>
      \(Shown.fix(finding.remedy))</div></li>

      """
  }

  private var factSection: Markup {
    if facts.isEmpty { return "" }
    let items = facts.map { fact -> Markup in "<div><dt>\(fact.name)</dt><dd><code>\(fact.value)</code></dd></div>\n" }
    return "<h2>What runs here</h2>\n<dl class=\"facts\">\n\(items)</dl>\n"
  }

  private var noteSection: Markup {
    let items = notes.map { note -> Markup in "<p class=\"sub\">\(note)</p>\n" }
    return "\(items)"
  }

  private var configurationSection: Markup {
    if configurations.isEmpty { return "" }
    let isMixed = frame.directories.count > 1
    let items = configurations.map { configuration -> Markup in
      let summary: Markup = isMixed ? "\(configuration.name), without secrets" : "Without secrets"
      return """
        <details class="fold"><summary>\(summary)</summary>
        <pre tabindex="0">\(lines: configuration.value)</pre>
        </details>

        """
    }
    return "<h2>Configuration</h2>\n\(items)"
  }
}
