package dev.handover.fencing;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * A servlet filter that lets requests through only with the newest epoch in their header {@value HttpFence#HEADER}: for a service that leaders of others call. Others get 428 without one, 400 for none, 412 for an older
 * one, with the reason as text. Any servlet container of Servlet 6.1 runs it; the servlet API comes with the container. With Spring Boot:
 *
 * <pre>{@code
 * @Bean
 * FilterRegistrationBean<HttpFenceFilter> fence(FencingGuard warehouse) {
 *     var registration = new FilterRegistrationBean<>(new HttpFenceFilter(warehouse));
 *     registration.addUrlPatterns("/ship/*");
 *     registration.setAsyncSupported(true);
 *     return registration;
 * }
 * }</pre>
 *
 * <p>Map it to the dispatcher type {@code REQUEST}, which is the default. Any thread.
 */
public final class HttpFenceFilter implements Filter {
    private final HttpFence fence;

    /** Asks this guard, which may block. */
    public HttpFenceFilter(FencingGuard guard) {
        fence = new HttpFence(guard);
    }

    /**
     * Lets the request go on, or answers it.
     *
     * @throws ServletException of what comes after it, and for a request that is not HTTP
     */
    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        if (!(request instanceof HttpServletRequest http) || !(response instanceof HttpServletResponse answer)) {
            throw new ServletException("the fence knows only HTTP, not " + request.getClass()
                    + "; map the filter to paths of an HTTP service");
        }
        HttpFence.Decision decision = fence.admit(http.getHeader(HttpFence.HEADER));
        if (decision.admitted()) {
            chain.doFilter(request, response);
        } else {
            answer.setStatus(decision.status());
            answer.setContentType("text/plain");
            answer.setCharacterEncoding(StandardCharsets.UTF_8.name());
            answer.getWriter().write(decision.reason());
        }
    }
}
