/// What a person does who has no mouse, or a telephone.
extension Browser {
  enum Key: String {
    case tab = "\\uE004"
    case enter = "\\uE007"
  }

  /// Presses a key, for whatever has the focus.
  func press(_ key: Key, times: Int = 1) async throws {
    let stroke = #"{"type":"keyDown","value":"\#(key.rawValue)"},{"type":"keyUp","value":"\#(key.rawValue)"}"#
    let strokes = Array(repeating: stroke, count: times).joined(separator: ",")
    try await send("/actions", #"{"actions":[{"type":"key","id":"keyboard","actions":[\#(strokes)]}]}"#)
  }

  /// What the Tab key does not reach, and what does not show that it has the focus; both should be nothing.
  func deafToTab() async throws -> (missed: String, faint: String) {
    let count = try await script(
      """
      window.fetch = () => Promise.reject();
      window.reached = [];
      window.faint = [];
      document.addEventListener("focusin", (event) => {
        const style = getComputedStyle(event.target);
        const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        if (!event.target.matches(":focus-visible") || !isSeen) faint.push(event.target.outerHTML.slice(0, 120));
        reached.push(event.target);
      });
      if (document.activeElement !== document.body) reached.push(document.activeElement);
      window.all = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex]")].filter(
        (one) => !one.disabled && one.type !== "hidden" && one.tabIndex >= 0 && one.checkVisibility());
      return all.length
      """)
    try await press(.tab, times: (Int(count) ?? 0) + 3)
    return (
      try await script("return all.filter((one) => !reached.includes(one)).map((one) => one.outerHTML.slice(0, 120))"),
      try await script("return faint")
    )
  }

  /// How wide the page is for each pixel that there is, everything unfolded; and what is the widest of it.
  func overflow(atWidth width: Int) async throws -> (isWider: Bool, widest: String) {
    try await chrome(
      "Emulation.setDeviceMetricsOverride", #"{"width":\#(width),"height":800,"deviceScaleFactor":1,"mobile":false}"#)
    let found = try await script(
      """
      for (const fold of document.querySelectorAll("details")) fold.open = true;
      const ends = [...document.querySelectorAll("body *")].filter((one) => !one.closest("pre > *, .hidden, caption, thead"))
        .map((one) => [one.getBoundingClientRect().right, one.outerHTML.slice(0, 120)]);
      const widest = ends.reduce((one, other) => other[0] > one[0] ? other : one);
      return (document.documentElement.scrollWidth > innerWidth) + " " + widest.join(" ")
      """)
    try await chrome("Emulation.clearDeviceMetricsOverride", "{}")
    return (found.hasPrefix("true "), found)
  }
}
