/// A table that is a list where there is no room for it.
struct Table {
  struct Column {
    var title: String
    var isNumber = false
    /// In the narrow list the cell stands without its title.
    var isHeading = false

    init(_ title: String, isNumber: Bool = false, isHeading: Bool = false) {
      self.title = title
      self.isNumber = isNumber
      self.isHeading = isHeading
    }
  }

  /// What it is a table of, for screen readers.
  var caption: String
  var columns: [Column]
  var rows: [[Markup]]

  /// The roles are said although they are those of the elements: a browser that lays a table out as a list takes it for
  /// one.
  var markup: Markup {
    let heads = columns.map { column -> Markup in
      "<th scope=\"col\" role=\"columnheader\"\(Table.number(column))>\(column.title)</th>"
    }
    let lines = rows.map { row -> Markup in
      let cells = zip(columns, row).map { column, cell -> Markup in
        let name: Markup = column.isHeading ? "" : " data-name=\"\(column.title)\""
        return "<td role=\"cell\"\(name)\(Table.number(column))>\(cell)</td>"
      }
      return "<tr role=\"row\">\(cells)</tr>\n"
    }
    return """
      <table role="table">
      <caption>\(caption)</caption>
      <thead role="rowgroup"><tr role="row">\(heads)</tr></thead>
      <tbody role="rowgroup">
      \(lines)</tbody>
      </table>
      """
  }

  private static func number(_ column: Column) -> Markup { column.isNumber ? " class=\"number\"" : "" }
}
