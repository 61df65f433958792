// The one door to the vendored libraries: everything else imports from here.
import { Component, Fragment, h, render } from "./preact.module.js";
import {
  useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState,
} from "./hooks.module.js";
import htm from "./htm.module.js";

const html = htm.bind(h);

export {
  Component, Fragment, html, render, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState,
};
