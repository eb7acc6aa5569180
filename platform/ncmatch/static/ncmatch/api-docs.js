"use strict";

// The page of /api/docs/: the sidecar's Swagger UI, started without inline script.
window.addEventListener("DOMContentLoaded", () => {
  const root = document.getElementById("swagger-ui");
  const authorise = (request) => {
    const own = new URL(request.url, document.baseURI).origin === window.location.origin;
    if (own && request.method && request.method !== "GET") {
      request.headers["X-CSRFToken"] = root.dataset.csrf;
    }
    return request;
  };
  SwaggerUIBundle({
    url: root.dataset.document,
    domNode: root,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    displayRequestDuration: true,
    requestInterceptor: authorise,
  });
});
