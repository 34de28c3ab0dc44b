internal import Foundation

/// The dictionary as one HTML page: styles, script and data in the one file, readable without the script too.
struct DictionaryPage {
  private let dictionary: DataDictionary
  private var folder: SchemaFolder { dictionary.folder }

  init(_ dictionary: DataDictionary) { self.dictionary = dictionary }

  var html: String {
    var text = """
      <!doctype html>
      <html lang="vi">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Từ điển dữ liệu · Data dictionary</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body class="vi">
      <header>
        <h1>\(both("Từ điển dữ liệu", "Data dictionary"))</h1>
        <input id="search" type="search" placeholder="Tìm / Search: MA_LK, ngày ra, discharge…" autocomplete="off" aria-label="Search">
        <output id="found"></output>
        <button id="language" type="button" aria-label="Language"><span class="v">English</span><span class="e">Tiếng Việt</span></button>
      </header>
      <div class="page">
      <nav>
      """
    for set in folder.sets { text += menu(set.name, set.tables) }
    if !folder.common.isEmpty { text += menu("common", folder.common) }
    text += "<details><summary>\(both("Danh mục mã", "Code lists"))</summary><ul>\n"
    let lists = folder.codeLists.values.sorted { $0.name < $1.name }
    for list in lists { text += "<li><a href=\"#code.\(list.name)\">\(Markup.escape(list.name))</a></li>\n" }
    text +=
      "</ul></details>\n</nav>\n<main>\n<p id=\"nothing\" hidden>\(both("Không tìm thấy.", "Nothing found."))</p>\n"
    for set in folder.sets { for table in set.tables { text += section(set.name, table) } }
    for table in folder.common { text += section("common", table) }
    for list in lists { text += section(list) }
    text += "</main>\n</div>\n<script>\n\(Self.script)\n</script>\n</body>\n</html>\n"
    return text
  }

  private func both(_ vietnamese: String, _ english: String) -> String {
    "<span class=\"v\">\(Markup.escape(vietnamese))</span><span class=\"e\">\(Markup.escape(english))</span>"
  }

  private func menu(_ name: String, _ tables: [SchemaTable]) -> String {
    var text = "<details open><summary>\(Markup.escape(name))</summary><ul>\n"
    for table in tables {
      text +=
        "<li><a href=\"#\(name).\(table.name)\"><b>\(Markup.escape(table.name))</b> \(Markup.escape(table.title))</a></li>\n"
    }
    return text + "</ul></details>\n"
  }

  private func section(_ set: String, _ table: SchemaTable) -> String {
    var text =
      "<section id=\"\(set).\(table.name)\">\n<h2><small>\(Markup.escape(set)) /</small> \(Markup.escape(table.name))"
    text +=
      " <span class=\"title\">\(Markup.escape(table.title))</span></h2>\n<p class=\"about\">\(Markup.escape(table.summary))"
    if table.isRestricted { text += " <span class=\"tag warn\">\(both("hạn chế truy cập", "restricted"))</span>" }
    if let sent = table.sentWhen { text += "<br>\(both("Gửi khi", "Sent")): \(Markup.escape(sent))" }
    if let elements = table.elements {
      let path = [elements.root, elements.list, elements.row].compactMap { $0 }.reduce(into: [String]()) {
        if $0.last != $1 { $0.append($1) }
      }
      text += "<br>XML: <code>\(Markup.escape(path.joined(separator: " / ")))</code>"
    }
    if !table.primaryKey.isEmpty {
      text += "<br>\(both("Khóa", "Key")): <code>\(Markup.escape(table.primaryKey.joined(separator: ", ")))</code>"
    }
    for reference in table.foreignKeys {
      text += "<br>\(both("Tham chiếu", "Reference")): <code>\(Markup.escape(reference.description))</code>"
    }
    text += "</p>\n<table><thead><tr><th>\(both("Trường", "Field"))</th><th>\(both("Kiểu", "Type"))</th>"
    text += "<th>\(both("Ý nghĩa", "Meaning"))</th><th>\(both("Điều kiện", "Conditions"))</th>"
    text += "<th>\(table.isCommon ? both("Lấy từ", "From") : both("Lưu vào", "Lands in"))</th></tr></thead><tbody>\n"
    for field in table.fields { text += row(set, table, field) }
    text += "</tbody></table>\n"
    if !table.notes.isEmpty {
      text += "<ul class=\"notes\">" + table.notes.map { "<li>\(Markup.escape($0))</li>" }.joined() + "</ul>\n"
    }
    return text + "</section>\n"
  }

  private func row(_ set: String, _ table: SchemaTable, _ field: SchemaField) -> String {
    let isKey = table.primaryKey.contains(field.name)
    var text =
      "<tr id=\"\(set).\(table.name).\(field.name)\"><td class=\"name\"><code>\(Markup.escape(field.name))</code>"
    if isKey { text += " <span class=\"tag\">\(both("khóa", "key"))</span>" }
    if field.isRequired { text += " <span class=\"tag must\">\(both("bắt buộc", "required"))</span>" }
    text += "</td><td class=\"type\">\(Markup.escape(dictionary.typeText(field)))"
    let length = dictionary.lengthText(field)
    if !length.isEmpty { text += "<br><small>\(both("dài", "length")) \(Markup.escape(length))</small>" }
    text += "</td><td><b>\(Markup.escape(field.title))</b><br>\(Markup.escape(field.summary))"
    let notes = dictionary.notes(field)
    if !notes.isEmpty {
      let hasDoubt = !field.doubts.isEmpty
      text += "<details class=\"more\"><summary>\(both("ghi chú", "notes"))"
      if hasDoubt { text += " <span class=\"tag warn\">\(both("còn nghi vấn", "doubt"))</span>" }
      text += "</summary><ul>"
      for note in notes {
        text += "<li><i>\(both(Self.word(note.word), note.word))</i>: \(Markup.escape(note.text))</li>"
      }
      text += "</ul></details>"
    }
    text +=
      "</td><td>"
      + dictionary.conditions(field).map {
        "\(both($0.vietnamese, $0.english)) \(Markup.escape($0.value))"
      }.joined(separator: "<br>")
    if let name = field.codeList, let list = folder.codeLists[name] {
      text +=
        "<details class=\"more\"><summary><a href=\"#code.\(name)\">\(Markup.escape(name))</a></summary><ul class=\"codes\">"
      for value in list.values.prefix(40) {
        text += "<li><code>\(Markup.escape(value.code))</code> \(both(value.vietnamese, value.english))</li>"
      }
      if list.values.count > 40 { text += "<li><a href=\"#code.\(name)\">… \(list.values.count)</a></li>" }
      if let pattern = list.pattern { text += "<li><code>\(Markup.escape(pattern))</code></li>" }
      text += "</ul></details>"
    }
    text += "</td><td class=\"place\">"
    if table.isCommon {
      let origins = dictionary.origins(table.name, field.name)
      text += origins.map { link("\($0.set).\($0.table).\($0.field)", "\($0.set) \($0.table).\($0.field)") }.joined(
        separator: "<br>")
      if origins.isEmpty { text += Markup.escape(field.source.joined(separator: ", ")) }
    } else {
      text += dictionary.landings(set, table.name, field.name).map {
        link("common.\($0.entity).\($0.column)", $0.text)
      }.joined(separator: "<br>")
    }
    return text + "</td></tr>\n"
  }

  /// The word of a note in Vietnamese.
  private static func word(_ english: String) -> String {
    switch english {
    case "since": "từ"
    case "former name": "tên cũ"
    case "became": "nay là"
    case "amended": "sửa đổi"
    case "length before": "độ dài trước đây"
    case "doubt": "nghi vấn"
    case "sources": "nguồn"
    default: english
    }
  }

  private func link(_ target: String, _ text: String) -> String {
    // long names may break behind a stroke or a dot
    let words = Markup.escape(text).replacing("_", with: "_<wbr>").replacing(".", with: ".<wbr>")
    return "<a href=\"#\(Markup.escape(target))\"><code>\(words)</code></a>"
  }

  private func section(_ list: CodeListFile) -> String {
    var text =
      "<section id=\"code.\(list.name)\">\n<h2><small>\(both("mã", "codes")) /</small> \(Markup.escape(list.name))</h2>\n<p class=\"about\">"
    if let source = list.source { text += "\(both("Nguồn", "Source")): \(Markup.escape(source))<br>" }
    text += "\(both("Dùng ở", "Used in")): <code>\(Markup.escape(list.usedIn.joined(separator: ", ")))</code>"
    if let pattern = list.pattern { text += "<br>\(both("Mẫu", "Pattern")): <code>\(Markup.escape(pattern))</code>" }
    if let notes = list.notes { text += "<br>\(Markup.escape(notes))" }
    text += "</p>\n"
    if list.values.isEmpty { return text + "</section>\n" }
    text += "<table class=\"list\"><thead><tr><th>\(both("Mã", "Code"))</th><th>Tiếng Việt</th><th>English</th>"
    text += "<th>\(both("Hiệu lực", "Valid"))</th><th>\(both("Ghi chú", "Note"))</th></tr></thead><tbody>\n"
    for value in list.values {
      let valid =
        [value.validFrom, value.validTo].contains { !$0.isEmpty } ? "\(value.validFrom) – \(value.validTo)" : ""
      text += "<tr><td><code>\(Markup.escape(value.code))</code></td><td>\(Markup.escape(value.vietnamese))</td>"
      text += "<td>\(Markup.escape(value.english))</td><td>\(valid)</td><td>\(Markup.escape(value.note))</td></tr>\n"
    }
    return text + "</tbody></table>\n</section>\n"
  }

  // MARK: style and script

  private static let style = """
    :root { --ink: #1b2530; --soft: #5d6b7a; --line: #dde3ea; --back: #fff; --shade: #f4f7fa; --accent: #0b6e8f; --must: #8a3b12; --warn: #9a6b00; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --soft: #9aa8b6; --line: #303a45; --back: #14191f; --shade: #1c232b; --accent: #5fc3e4; --must: #f0a27c; --warn: #e5bd55; } }
    * { box-sizing: border-box; }
    html { scroll-padding-top: 4.5rem; }
    body { margin: 0; font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--ink); background: var(--back); }
    body.vi .e, body.en .v { display: none; }
    header { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; padding: .6rem 1.2rem; background: var(--back); border-bottom: 1px solid var(--line); }
    h1 { font-size: 1.15rem; margin: 0; }
    #search { flex: 1 1 16rem; max-width: 34rem; padding: .45rem .7rem; font: inherit; color: inherit; background: var(--shade); border: 1px solid var(--line); border-radius: .5rem; }
    #search:focus { outline: 2px solid var(--accent); border-color: transparent; }
    #found { color: var(--soft); min-width: 6rem; }
    button { font: inherit; padding: .35rem .8rem; color: var(--accent); background: none; border: 1px solid var(--line); border-radius: .5rem; cursor: pointer; }
    .page { display: flex; align-items: flex-start; }
    nav { position: sticky; top: 3.6rem; flex: 0 0 17rem; height: calc(100vh - 3.6rem); overflow-y: auto; padding: 1rem .8rem 2rem 1.2rem; border-right: 1px solid var(--line); font-size: .86rem; }
    nav summary { font-weight: 600; cursor: pointer; padding: .2rem 0; }
    nav ul { list-style: none; margin: 0 0 .6rem; padding: 0; }
    nav a { display: block; padding: .14rem .4rem; border-radius: .3rem; color: var(--soft); text-decoration: none; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
    nav a b { color: var(--ink); font-weight: 600; }
    nav a:hover { background: var(--shade); }
    main { flex: 1 1 auto; min-width: 0; padding: .4rem 1.6rem 4rem; }
    section { margin: 1.4rem 0 2.6rem; }
    h2 { font-size: 1.15rem; margin: 0 0 .2rem; }
    h2 small { color: var(--soft); font-weight: 400; }
    h2 .title { font-weight: 400; color: var(--soft); }
    .about { margin: 0 0 .6rem; color: var(--soft); font-size: .9rem; }
    table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .88rem; }
    th { text-align: left; font-weight: 600; color: var(--soft); border-bottom: 2px solid var(--line); padding: .3rem .6rem; }
    th:nth-child(1) { width: 19%; } th:nth-child(2) { width: 12%; } th:nth-child(4) { width: 20%; } th:nth-child(5) { width: 20%; }
    table.list th { width: auto; } table.list th:first-child { width: 9rem; }
    td { vertical-align: top; border-bottom: 1px solid var(--line); padding: .4rem .6rem; overflow-wrap: anywhere; }
    tr:target, section:target h2 { background: var(--shade); box-shadow: inset 3px 0 var(--accent); }
    code { font: .92em ui-monospace, "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace; }
    .name code { font-weight: 600; }
    .type { color: var(--soft); }
    a { color: var(--accent); }
    .place a { text-decoration: none; }
    .place a:hover { text-decoration: underline; }
    .tag { display: inline-block; font-size: .74rem; padding: 0 .4rem; border: 1px solid var(--line); border-radius: .6rem; color: var(--soft); }
    .tag.must { color: var(--must); border-color: currentColor; }
    .tag.warn { color: var(--warn); border-color: currentColor; }
    .more { margin-top: .15rem; color: var(--soft); font-size: .94em; }
    .more summary { cursor: pointer; }
    .more ul, ul.notes { margin: .2rem 0; padding-left: 1.1rem; color: var(--soft); font-size: .94em; }
    ul.codes { list-style: none; padding-left: .2rem; }
    mark { background: #ffe28a; color: #1b2530; border-radius: .2rem; }
    @media (max-width: 60rem) { nav { display: none; } main { padding: .4rem .8rem 3rem; } table { table-layout: auto; } }
    @media print { header, nav { display: none; } }
    """

  /// Finds words by their beginning, without regard to case and accents: rows that hold them side by side, else rows that hold them all; the
  /// name of the table counts too.
  private static let script = """
    const fold = t => " " + t.normalize("NFD").replace(/\\p{M}/gu, "").replace(/[đĐ]/g, "d").toLowerCase().replace(/[^a-z0-9]+/g, " ").trim() + " ";
    const sections = [...document.querySelectorAll("main section")].map(s => {
      const head = fold(s.querySelector("h2").textContent);
      return { element: s, head: head, rows: [...s.querySelectorAll("tbody tr")].map(r => ({ element: r, text: fold(r.textContent) + head })) };
    });
    const search = document.getElementById("search"), found = document.getElementById("found"), nothing = document.getElementById("nothing");
    const look = () => {
      const phrase = fold(search.value).trimEnd(), words = phrase.split(" ").filter(Boolean).map(w => " " + w);
      const together = r => r.text.includes(phrase), all = r => words.every(w => r.text.includes(w));
      const fits = sections.some(s => s.rows.some(together)) ? together : all;
      let count = 0;
      for (const s of sections) {
        let here = 0;
        for (const r of s.rows) {
          const hit = words.length === 0 || fits(r);
          r.element.hidden = !hit;
          if (hit) here++;
        }
        s.element.hidden = words.length > 0 && here === 0;
        count += here;
      }
      nothing.hidden = count > 0 || words.length === 0;
      found.textContent = words.length ? count : "";
    };
    let wait;
    search.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(look, 80); });
    const show = () => {
      const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (target && (target.hidden || target.closest("section[hidden]"))) { search.value = ""; look(); target.scrollIntoView(); }
    };
    addEventListener("hashchange", show);
    document.getElementById("language").addEventListener("click", () => {
      const english = document.body.classList.toggle("en");
      document.body.classList.toggle("vi", !english);
      document.documentElement.lang = english ? "en" : "vi";
    });
    const wanted = new URLSearchParams(location.search).get("q");
    if (wanted) { search.value = wanted; look(); }
    """
}
