package dev.handover.examples.demo;

import java.io.PrintStream;
import java.util.List;

/**
 * What the user sees: lines that stay, and below them, on a terminal, a picture that is drawn again and again. Without a terminal only the
 * lines. Any thread.
 */
final class Display implements AutoCloseable {
    private static final String HIDE_CURSOR_NO_WRAP = "\u001b[?25l\u001b[?7l";
    private static final String SHOW_CURSOR_WRAP = "\u001b[?7h\u001b[?25h";
    private static final String CLEAR_TO_END = "\u001b[J";
    private static final String CLEAR_LINE_END = "\u001b[K";

    private final PrintStream out;
    private final boolean live;
    private final Screen screen;
    private List<String> shown = List.of();
    private boolean prepared;
    private boolean closed;

    /**
     * A display on this stream.
     *
     * @param live whether it is a terminal that can move its cursor
     */
    Display(PrintStream out, boolean live, Screen screen) {
        this.out = out;
        this.live = live;
        this.screen = screen;
    }

    /** Prints a line that stays. */
    synchronized void line(String text) {
        if (live && !closed) {
            out.print(toTop() + CLEAR_TO_END + wrapped(text));
            List<String> again = shown;
            shown = List.of();
            show(again);
        } else {
            out.println(text);
        }
        out.flush();
    }

    /** Draws the picture; nothing without a terminal, or after closing. */
    synchronized void draw(Progress.Frame frame) {
        if (live && !closed) {
            show(screen.draw(frame));
            out.flush();
        }
    }

    private void show(List<String> lines) {
        StringBuilder text = new StringBuilder();
        if (!prepared) {
            prepared = true;
            text.append(HIDE_CURSOR_NO_WRAP);
        }
        text.append(toTop());
        for (String line : lines) {
            text.append(line).append(CLEAR_LINE_END).append('\n');
        }
        out.print(text);
        shown = lines;
    }

    private String wrapped(String text) {
        return prepared ? "\u001b[?7h" + text + "\n\u001b[?7l" : text + "\n";
    }

    private String toTop() {
        return shown.isEmpty() ? "" : "\r\u001b[" + shown.size() + "A";
    }

    /** Leaves the last picture and gives the terminal back as it was. Closing twice is fine. */
    @Override
    public synchronized void close() {
        if (live && prepared && !closed) {
            out.print(SHOW_CURSOR_WRAP);
            out.flush();
        }
        closed = true;
    }
}
