// Loaded when the first chart is drawn.
import "uplot/dist/uPlot.min.css";

export { default } from "uplot";
