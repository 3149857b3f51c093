// *Try it here*: sends a text to a server on this machine, or has the server break a rule, and
// shows the heads and frames as the server saw them.
//
// A script cannot see frames, but the server can. So the box opens two connections: a viewer, whose
// first message is a token, and the connection to be viewed, whose address contains the token. See
// the server's wire/mod.rs. Nothing is opened before the reader presses a button.
//
// This is not a module, because browsers load modules only from a server, and the book must also
// work from a disk.
"use strict";
{
  // The maximum length of a value, and the maximum number of bytes of a record, that a box shows.
  const [MAX_VALUE, MAX_BYTES] = [120, 64];

  // The maximum number of records that a box keeps. Newer records push out the oldest.
  const MAX_RECORDS = 50;

  const make = (name, className = "", text = "") =>
    Object.assign(document.createElement(name), { className, textContent: text });

  const root = typeof path_to_root === "string" ? path_to_root : "";

  /** Returns all fields of a record, outer ones before inner ones. */
  const flatten = (fields, level = 0) =>
    fields.flatMap((field) => [{ ...field, level }, ...flatten(field.fields ?? [], level + 1)]);

  const valueOf = ({ name, value, value_name }) => {
    if (value === undefined) return "";
    if (typeof value === "boolean") return value ? "True" : "False";
    if (typeof value === "number") {
      if (name === "websocket.rsv") return `0x${value.toString(16)}`;
      return value_name ? `${value_name} (${value})` : String(value);
    }
    // Some characters, such as emoji, have two UTF-16 code units.
    return value.length > MAX_VALUE ? `${[...value].slice(0, MAX_VALUE).join("")}…` : value;
  };

  /** Returns the section of a field, as a link to the RFC in plain words if the book has it. */
  const reference = (rfc, section) => {
    const link = make("a", "", `RFC ${rfc}, ${section}`);
    const restated = [6455, 7692, 8441].includes(rfc);
    link.href = restated
      ? `${root}rfc${rfc}.html#section-${section.replaceAll(".", "-")}`
      : `https://www.rfc-editor.org/rfc/rfc${rfc}#section-${section}`;
    return link;
  };

  /** Returns the bytes of a frame, each in the colour of its field. */
  const bytesOf = (record, fields) => {
    const line = make("span", "tryit-bytes");
    const bytes = (record.bytes ? record.bytes.split(":") : []).slice(0, MAX_BYTES);
    bytes.forEach((byte, position) => {
      const holds = ({ derived, start, end }) => !derived && start <= position && position < end;
      const field = fields.findLast(holds);
      // The first byte has the colour of the opcode, and the second that of the length.
      const part = position === 0 ? "opcode" : position === 1 ? "length" : field?.part ?? "";
      line.append(make("b", part, byte), " ");
    });
    const rest = record.length - bytes.length;
    if (rest > 0) line.append(`… ${rest} more`);
    return line;
  };

  /** Returns a head or a frame as a line that the reader can open. */
  const recordOf = (record) => {
    const sent = record.direction === "to_server";
    const item = make("details", `tryit-record ${record.direction.replace("_", "-")}`);
    const summary = item.appendChild(make("summary"));
    const arrow = make("span", "tryit-arrow", sent ? "→" : "←");
    arrow.ariaHidden = "true";
    summary.append(arrow, make("span", "tryit-from", sent ? "Browser: " : "Server: "), make("span", "tryit-what", record.summary));
    const fields = flatten(record.fields);
    if (record.kind === "frame") summary.append(bytesOf(record, fields));
    for (const { rule, sentence } of record.findings) {
      summary.append(make("span", "tryit-broken", `${rule}: ${sentence}`));
    }
    const list = item.appendChild(make("ul"));
    for (const field of fields) {
      const row = list.appendChild(make("li", field.part));
      row.style.marginInlineStart = `${field.level * 1.4}em`;
      const value = valueOf(field);
      const label = field.derived ? `[${field.label}]` : field.label;
      row.append(make("strong", "", value ? `${label}: ` : label), make("code", "", value), make("span", "", ` ${field.why} `));
      if (field.rfc) row.append(reference(field.rfc, field.section));
    }
    return item;
  };

  class Box {
    #socket;
    #viewer;
    #isEcho = false;

    constructor(element) {
      this.element = element;
      this.rules = [...element.querySelectorAll("[data-rule]")];
      // A page that was loaded from `localhost` connects to `localhost`. Every other page uses the
      // address.
      const host = location.hostname === "localhost" ? "localhost" : "127.0.0.1";
      this.base = `ws://${host}:${element.dataset.port}/`;
      this.#build();
    }

    #build() {
      const number = [...document.querySelectorAll(".tryit")].indexOf(this.element);
      const title = make("p", "tryit-title", "Try it here");
      title.id = `tryit-${number}`;
      this.state = title.appendChild(make("span", "tryit-state", "not connected"));
      this.state.role = "status";

      const form = make("form");
      const text = make("input");
      Object.assign(text, { type: "text", value: this.element.dataset.text, maxLength: 1000, autocomplete: "off" });
      const label = make("label", "", "A text ");
      label.append(text);
      this.close = make("button", "tryit-close", "Close");
      Object.assign(this.close, { type: "button", disabled: true });
      this.close.onclick = () => this.#socket?.close(1000, "enough");
      form.append(label, make("button", "tryit-send", "Send"), this.close);
      form.onsubmit = (event) => {
        event.preventDefault();
        this.#send(text.value);
      };

      this.element.setAttribute("aria-labelledby", title.id);
      this.element.replaceChildren(title, form);
      if (this.rules.length > 0) this.element.append(this.#breakForm());
      this.log = make("div", "tryit-log");
      this.log.role = "log";
      this.log.ariaLabel = "Heads and frames, as the server has seen them";
      this.log.hidden = true;
      this.help = make("div", "tryit-help");
      this.help.hidden = true;
      this.element.append(this.help, this.log);
      this.element.hidden = false;
    }

    /** Returns the form that chooses a rule for the server to break. */
    #breakForm() {
      const form = make("form");
      const select = make("select");
      for (const { dataset } of this.rules) select.append(new Option(dataset.rule, dataset.rule));
      const label = make("label", "", "A rule ");
      label.append(select);
      const about = make("p", "tryit-about");
      const describe = () => {
        const rule = this.rules[select.selectedIndex];
        const { expected, section } = rule.dataset;
        about.replaceChildren(`${rule.textContent} Expected: ${expected}. `, reference(6455, section));
      };
      select.onchange = describe;
      describe();
      form.append(label, make("button", "tryit-break", "Break it"), about);
      form.onsubmit = (event) => {
        event.preventDefault();
        this.#connect(`break/${select.value}`);
      };
      return form;
    }

    #send(text) {
      if (this.#isEcho && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
      else this.#connect("echo", text);
    }

    #say(text) {
      this.state.textContent = text;
    }

    /** Opens a viewer, then a connection to a path, and sends a text if there is one. */
    #connect(path, text) {
      this.#drop();
      this.#isEcho = path === "echo";
      this.log.replaceChildren();
      this.help.hidden = true;
      this.#say("connecting");
      let token;
      let viewer;
      try {
        viewer = this.#viewer = new WebSocket(`${this.base}wire`);
      } catch {
        // A page that was loaded over TLS from another machine may not use ws://.
        this.#explain();
        return;
      }
      viewer.onmessage = ({ data }) => {
        if (viewer !== this.#viewer) return;
        const message = JSON.parse(data);
        if (token === undefined) {
          token = message.token;
          this.#open(`${path}?wire=${token}`, text);
        } else message.forEach((item) => this.#add(item));
      };
      viewer.onclose = ({ code, reason }) => {
        if (viewer !== this.#viewer || token !== undefined) return;
        if (code === 1006) this.#explain();
        else this.#say(`the server shows no frames: ${reason || code}`);
      };
    }

    #drop() {
      const [viewer, socket] = [this.#viewer, this.#socket];
      this.#viewer = this.#socket = undefined;
      viewer?.close();
      socket?.close();
      this.close.disabled = true;
    }

    #open(target, text) {
      const socket = (this.#socket = new WebSocket(this.base + target));
      socket.onopen = () => {
        if (socket !== this.#socket) return;
        this.#say("connected");
        this.close.disabled = false;
        if (text !== undefined) socket.send(text);
      };
      socket.onclose = ({ code, reason, wasClean }) => {
        if (socket !== this.#socket) return;
        this.close.disabled = true;
        this.#say(`closed: code ${code}${reason ? `, "${reason}"` : ""}${wasClean ? "" : ", not clean"}`);
      };
    }

    #add(item) {
      this.log.hidden = false;
      if (item.skipped) {
        const { to_server, to_client } = item.skipped;
        this.#note(`Frames that came too fast to be shown: ${to_server.frames + to_client.frames}.`);
      } else if (item.verdict) this.#note(`The server's verdict on this browser: ${item.verdict} (${item.seen}).`);
      else if (item.end_of) {
        this.#note(`The ${item.end_of === "to_server" ? "browser" : "server"} has closed its direction of the TCP connection.`);
      } else this.log.append(recordOf(item));
      while (this.log.childElementCount > MAX_RECORDS) this.log.firstElementChild.remove();
    }

    #note(text) {
      this.log.append(make("p", "tryit-note", text));
    }

    /**
     * Says how to start a server that accepts this page. The advice is the same for every failure,
     * because a script is not told why a connection failed.
     */
    #explain() {
      this.#say("no connection");
      // The origin of a page from a disk is `null`.
      const origin = location.protocol === "file:" ? "null" : location.origin;
      const port = this.element.dataset.port;
      const listen = port === "8080" ? "" : ` --listen ${port}`;
      const command = make("pre");
      command.append(make("code", "", `cargo run -p server --${listen} --allow-origin ${origin}`));
      this.help.replaceChildren(
        make("p", "", `Nothing on ${this.base} accepts this page. Start a server, or start it again with this option:`),
        command,
      );
      if (origin === "null") {
        this.help.append(make("p", "", "This page was opened from a disk, so its origin is null. So is that of every other file, " +
          "and of some pages of strangers: stop the server when you have finished. The book that cargo run -p book " +
          "shows has an origin of its own."));
      }
      this.help.hidden = false;
    }
  }

  const start = () => document.querySelectorAll(".tryit").forEach((element) => new Box(element));
  document.readyState === "loading" ? addEventListener("DOMContentLoaded", start) : start();
}
