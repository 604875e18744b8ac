/// What can be done about one row of a table: buttons in its last cell, all of one form that stands above the table.
///
/// A form in each row would repeat the reason's field, and the page would be twice as long.
struct RowActions {
  /// One of the buttons.
  struct Button {
    var path: String
    /// What it says.
    var text: String
    /// What it would do to this row, where a screen reader hears the same button many times.
    var label: String
    /// Whether it can do without a reason.
    var needsReason = true
  }

  /// Unique on the page.
  var id: String
  var frame: Frame
  var directory: String
  /// The label of the reason's field.
  var reason: String

  /// Nothing where the server was started without actions.
  var form: Markup {
    guard frame.hasActions else { return "" }
    // Enter in the field would press the first button, which is the first row's: this one does nothing.
    return """
      <form method="post" action="/people/pin" id="\(exact: id)" class="each">
      <input type="hidden" name="form" value="\(exact: frame.formToken)">
      <input type="hidden" name="directory" value="\(exact: directory)">
      <input type="hidden" name="page" value="waiting">
      <button disabled hidden>Press a button of a row</button>
      \(Form.field(reason, "because", placeholder: "needed to pin, and for the journal", isRequired: true))</form>

      """
  }

  func cell(_ key: String, _ buttons: [Button]) -> Markup {
    let list = buttons.map { button -> Markup in
      let free: Markup = button.needsReason ? "" : " formnovalidate"
      return """
        <button form="\(exact: id)" formaction="\(exact: button.path)" name="key" value="\(exact: key)"\(free) \
        aria-label="\(button.label)">\(button.text)</button>
        """
    }
    return "<span class=\"buttons\">\(list)</span>"
  }
}
