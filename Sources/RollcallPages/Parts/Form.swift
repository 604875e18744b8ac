/// A form that changes something: a POST with the session's token.
struct Form {
  enum Style: String {
    /// One of several things that can be done.
    case plain
    /// What the form is for.
    case main
    /// What cannot be taken back as easily.
    case danger
  }

  var path: String
  var frame: Frame
  var directory: String
  /// Hidden fields besides `form` and `directory`.
  var fields: [(name: String, value: String)] = []
  /// What a person fills in.
  var inputs: Markup = ""
  /// What the button says.
  var button: String
  var style = Style.plain
  /// The number that a person has to type, where it takes one.
  var count: Int?
  /// Whom it is about, where a screen reader would hear the same button many times.
  var subject: String?

  /// Nothing where the server was started without actions.
  var markup: Markup {
    guard frame.hasActions else { return "" }
    let hidden = fields.map { field -> Markup in
      "<input type=\"hidden\" name=\"\(exact: field.name)\" value=\"\(exact: field.value)\">\n"
    }
    let confirmation: Markup? = count.map { count in
      """
      <label>Type \(String(count)) to confirm
      <input name="count" required inputmode="numeric" autocomplete="off" size="8" pattern="\(digits: count)" \
      title="The number of what is approved: \(digits: count)"></label>

      """
    }
    return """
      <form method="post" action="\(exact: path)"\(guarded)>
      <input type="hidden" name="form" value="\(exact: frame.formToken)">
      <input type="hidden" name="directory" value="\(exact: directory)">
      \(hidden)\(confirmation)\(inputs)<button\(attributes)>\(button)</button>
      </form>
      """
  }

  private var guarded: Markup { count == nil ? "" : " data-confirm" }

  private var attributes: Markup {
    let about: Markup = subject.map { " aria-label=\"\(button) \($0)\"" } ?? ""
    return " class=\"\(style.rawValue)\"\(about)"
  }

  /// One line of text with its label.
  static func field(
    _ label: String, _ name: String, placeholder: String = "", isRequired: Bool = false, type: String = "text"
  ) -> Markup {
    let hint: Markup = placeholder.isEmpty ? "" : " placeholder=\"\(placeholder)\""
    let required: Markup = isRequired ? " required" : ""
    return """
      <label>\(label)
      <input type="\(type)" name="\(name)"\(hint)\(required) autocomplete="off"></label>

      """
  }
}
