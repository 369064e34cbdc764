import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { dressAsBefore } from './lib/components/appearance';

dressAsBefore();

mount(App, { target: document.body });
