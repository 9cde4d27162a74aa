// Starts the console of the page that loads it. Nobody but this host is asked, and nothing
// is kept: a token that somebody types lives in this page and ends with it.
"use strict";

const place = document.getElementById("lw-console");
const said = document.getElementById("lw-said");

// Every feature of Scalar that would speak to others, or store a token, is off.
const QUIET = {
  agent: { disabled: true },
  hideClientButton: true,
  mcp: { disabled: true },
  persistAuth: false,
  proxyUrl: "",
  showDeveloperTools: "never",
  telemetry: false,
  withDefaultFonts: false,
};

// How each console is started, and what ends it again.
const STARTERS = {
  scalar(description, token) {
    const app = Scalar.createApiReference(place, {
      ...QUIET,
      authentication: {
        preferredSecurityScheme: "token",
        securitySchemes: { token: { token } },
      },
      content: description,
      documentDownloadType: "none",
    });
    return () => app.destroy();
  },

  "swagger-ui"(description, token) {
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.classList.toggle("dark-mode", isDark);
    const ui = SwaggerUIBundle({
      deepLinking: true,
      domNode: place,
      filter: true,
      onComplete: () => token && ui.preauthorizeApiKey("token", token),
      persistAuthorization: false,
      queryConfigEnabled: false,
      spec: description,
      validatorUrl: null,
    });
    return () => place.replaceChildren();
  },
};

let end = () => {};

async function start(token) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch(place.dataset.document, { headers });
  const content = await answer.json();
  if (!answer.ok) {
    throw new Error(content.detail);
  }
  end();
  end = STARTERS[place.dataset.kind](content, token);
}

function say(text, isWrong) {
  said.textContent = text;
  said.classList.toggle("lw-wrong", isWrong);
}

function askForToken(form) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = form.elements.secret;
    try {
      await start(field.value.trim());
      field.value = "";
      say("The console shows what this token sees.", false);
    } catch (error) {
      say(`This token opens nothing: ${error.message}.`, true);
    }
  });
}

const form = document.getElementById("lw-token");
if (form) {
  askForToken(form);
}
start("").catch((error) => place.append(`The description did not come: ${error.message}`));
